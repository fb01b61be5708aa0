package restclient

import (
	"errors"
	"net/http"
	"testing"
)

// The signatures were made with Python's json.dumps(sort_keys=True,
// separators=(",", ":")) and hmac, the last of them with the numbers as they
// came.
var signedCallbacks = map[string]struct{ body, signature string }{
	"as documented": {
		"{\"work_item_id\": \"w1\", \"agent_id\": \"a1\", \"thread_id\": \"t1\", \"status\": \"NEEDS_REVIEW\",\n \"work_item_url\": \"https://host/w1\", \"agent_name\": \"Invoice Agent\"}",
		"5c80c915d0b55f4551068fe61795b7157321b84669ee229f443a0626b30cb497",
	},
	"any characters": {
		`{"agent_name":"Gr\u00f6ße <&> 🧾 \"\\/\b\f\n\r\t\u007f\u0001","work_item_id":"w1"}`,
		"50ddcfd84e6c902ee776c4e458fae0e27c290b95715772ba1e4b7c395a496ff2",
	},
	"newer fields": {
		`{"work_item_id":"w1","x":{"b":[1.50,-0.0,1e5,12345678901234567890,true,null,{}],"a":[]},"\u00e9":1}`,
		"6cc2bdc56532957e0655f8e12e58a5a1baa75345aa70bcd92a59d8234251be88",
	},
}

func TestVerifyCallback(t *testing.T) {
	for name, c := range signedCallbacks {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			header.Set("X-SEMA4AI-SIGNATURE", c.signature)
			callback, err := VerifyCallback("s3cret", header, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "work item", callback.WorkItemID, "w1")

			_, err = VerifyCallback("another", header, []byte(c.body))
			equal(t, "another secret", errors.Is(err, ErrSignature), true)
			_, err = VerifyCallback("s3cret", header, []byte(`{"work_item_id":"w2"}`))
			equal(t, "another body", errors.Is(err, ErrSignature), true)
		})
	}
}

func TestVerifyCallbackReadsAllFields(t *testing.T) {
	c := signedCallbacks["as documented"]
	callback, err := VerifyCallback("s3cret", http.Header{"X-Sema4ai-Signature": {c.signature}}, []byte(c.body))
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, callback, endpoint{want: c.body})
}

func TestVerifyCallbackRefuses(t *testing.T) {
	signed := func(signature string) http.Header { return http.Header{"X-Sema4ai-Signature": {signature}} }
	for name, c := range map[string]struct {
		secret string
		header http.Header
		body   string
		want   string
		is     bool
	}{
		"no secret":     {"", signed("00"), "{}", "cannot be verified without the secret", false},
		"no header":     {"s", nil, "{}", "X-Sema4ai-Signature holds none", true},
		"no hex":        {"s", signed("zz"), "{}", "holds none", true},
		"a short one":   {"s", signed("00"), "{}", "signature of the callback is wrong", true},
		"no JSON":       {"s", signed("00"), "{", "is not JSON", false},
		"two documents": {"s", signed("00"), "{}{}", "is not JSON", false},
		"no object":     {"s", signed("e13df6323e9c2719a9c05260b77fe9998029744f9b2eafb979f95d583e726e12"), "[]", "cannot be used: it is not a JSON object", false},
	} {
		_, err := VerifyCallback(c.secret, c.header, []byte(c.body))
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		contains(t, name, err.Error(), c.want)
		equal(t, name, errors.Is(err, ErrSignature), c.is)
	}
}
