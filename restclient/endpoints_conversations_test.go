package restclient

import (
	"context"
	"io"
)

var conversationEndpoints = map[string]endpoint{
	"Conversations.Files": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return itemsOf(c.Conversations.Files(ctx, id, id, nil))
		},
		request: "GET /agents/ID/conversations/ID/files", answer: `[{"file_id":"f1","file_ref":"a.csv","file_size_raw":7,"embedded":false}]`,
	},
	"Conversations.UploadFiles": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Conversations.UploadFiles(ctx, id, id,
				FileUpload{Name: "a \"1\".csv", ContentType: "text/csv", Content: reading("a,b")},
				FileUpload{Name: "b.bin", ContentType: "application/x-b", Content: io.MultiReader(reading("x"), reading("y"))})
		},
		request: `POST /agents/ID/conversations/ID/files multipart/form-data files=a "1".csv(text/csv):a,b files=b.bin(application/x-b):xy`,
		answer:  `[{"file_ref":"a \"1\".csv"},{"file_ref":"b.bin"}]`,
	},
	"Conversations.DownloadFile": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return text(c.Conversations.DownloadFile(ctx, id, id, "a/b &.csv"))
		},
		request: "GET /agents/ID/conversations/ID/files/download?file_ref=a%2Fb+%26.csv", answer: "a,b", want: `"a,b"`,
	},
	"Conversations.DataFrames": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return itemsOf(c.Conversations.DataFrames(ctx, id, id, &DataFrameListOptions{NumSamples: AllSamples}))
		},
		request: "GET /agents/ID/conversations/ID/data-frames?num_samples=-1",
		answer:  `[{"data_frame_id":"d1","name":"sales","num_rows":2,"column_headers":["a"],"sample_rows":[[5432.0],[null]]}]`,
	},
	"Conversations.ReadDataFrame": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return c.Conversations.ReadDataFrame(ctx, id, id, id,
				&DataFrameReadOptions{Offset: 2, Limit: 3, Columns: []string{"b", "a x"}, OrderBy: "-b"})
		},
		request: "GET /agents/ID/conversations/ID/data-frames/ID?column_names=b%2Ca+x&limit=3&offset=2&order_by=-b&output_format=json",
		answer:  `[{"b":5432.0,"a x":"é"}]`,
		want:    `{"Columns":["b","a x"],"Rows":[[5432.0,"é"]],"Name":"","Description":""}`,
	},
	"Conversations.DownloadDataFrame": {
		call: func(ctx context.Context, c *Client, id string) (any, error) {
			return text(c.Conversations.DownloadDataFrame(ctx, id, id, id, nil))
		},
		request: "GET /agents/ID/conversations/ID/data-frames/ID?output_format=parquet", answer: "PAR1", want: `"PAR1"`,
	},
}
