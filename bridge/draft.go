package bridge

import (
	"context"
	"fmt"
	"strings"

	"sema4mcp/bridge/run"
	"sema4mcp/restclient"
)

// draft is a work item that holds files before it is created; without files
// there is none.
type draft struct {
	client *restclient.Client
	id     string
	holds  []string
}

func (d *draft) upload(ctx context.Context, files []run.File) error {
	for _, file := range files {
		if err := d.add(ctx, file); err != nil {
			return fmt.Errorf("the file %s could not be uploaded: %w", file.Name, err)
		}
		d.holds = append(d.holds, file.Name)
	}
	return nil
}

func (d *draft) add(ctx context.Context, file run.File) error {
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	uploaded, err := d.client.WorkItems.UploadFile(ctx, d.id, restclient.FileUpload{Name: file.Name, Content: content, Size: file.Size})
	if uploaded != nil {
		d.id = uploaded.WorkItemID
	}
	return err
}

// failed explains why there is no work item, and what there is instead.
func (d *draft) failed(err error) *failure {
	f := failureOf(err, "")
	if d.id == "" && !maybeArrived(err) {
		f.ran = "No work item was created."
		return f
	}
	if d.id != "" {
		f.ran = fmt.Sprintf("There is a draft, work_item_id %q, that holds %s.", d.id, held(d.holds))
		f.next = "To begin again, cancel the draft with act_on_work_item, then call create_work_item with all files."
	}
	if maybeArrived(err) {
		f.ran = strings.TrimSpace("It is not known whether the work item was created. " + f.ran)
		f.next = "Look with list_work_items before you create it again."
	}
	return f
}

func held(names []string) string {
	if len(names) == 0 {
		return "no whole file"
	}
	return strings.Join(names, ", ")
}
