package restclient

import "context"

// Continue lets the agent go on with a work item, which is PENDING then. Like
// the other three it is refused with 412 where the status of the item forbids
// it.
func (s *WorkItemsService) Continue(ctx context.Context, id string) (*WorkItem, error) {
	return s.act(ctx, id, "continue")
}

// Restart lets the agent begin a work item anew, in a new conversation.
func (s *WorkItemsService) Restart(ctx context.Context, id string) (*WorkItem, error) {
	return s.act(ctx, id, "restart")
}

// Cancel ends a work item that is not done.
func (s *WorkItemsService) Cancel(ctx context.Context, id string) (*WorkItem, error) {
	return s.act(ctx, id, "cancel")
}

// Complete ends a work item as done by a person.
func (s *WorkItemsService) Complete(ctx context.Context, id string) (*WorkItem, error) {
	return s.act(ctx, id, "complete")
}

func (s *WorkItemsService) act(ctx context.Context, id, action string) (*WorkItem, error) {
	req := post(nil, "work-items", id, action).private()
	return change[WorkItem](ctx, s.client, req, get("work-items", id).private())
}
