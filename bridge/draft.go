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

	ownerless bool // nobody can cancel it from this server
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

// unfilled explains why the files are not all in the draft. Whatever became of
// the upload, the work item itself was not asked for.
func (d *draft) unfilled(err error) *failure {
	f := failureOf(err, "")
	f.ran = "No work item was created."
	if d.id != "" {
		f.ran += " " + d.stands()
		f.next = d.again()
	} else if maybeArrived(err) {
		f.ran += " A draft that holds the file may be left behind."
		f.next = "Call create_work_item again with all files."
	}
	return f
}

// uncreated explains why there is no work item, and what there is instead.
func (d *draft) uncreated(err error) *failure {
	f := failureOf(err, "")
	switch {
	case maybeArrived(err) && d.id != "":
		f.ran = fmt.Sprintf("It is not known whether the work item was created: the one with work_item_id %q is it, or is still the draft that holds %s.", d.id, held(d.holds))
		f.next = "Look with list_work_items. If it is still a draft: " + d.again()
	case maybeArrived(err):
		f.ran = "It is not known whether the work item was created."
		f.next = "Look with list_work_items before you create it again."
	case d.id != "":
		f.ran = d.stands()
		f.next = d.again()
	default:
		f.ran = "No work item was created."
	}
	return f
}

func (d *draft) stands() string {
	return fmt.Sprintf("There is a draft, work_item_id %q, that holds %s.", d.id, held(d.holds))
}

func (d *draft) again() string {
	if d.ownerless {
		return "To begin again, call create_work_item with all files. The draft belongs to no agent yet: only a server for the whole workspace can cancel it."
	}
	return "To begin again, cancel the draft with act_on_work_item, then call create_work_item with all files."
}

func held(names []string) string {
	if len(names) == 0 {
		return "no whole file"
	}
	return strings.Join(names, ", ")
}
