package api

import "context"

// deleteOrphanedBlobs deletes the files that nothing needs any more.
func (s *server) deleteOrphanedBlobs(ctx context.Context) error {
	ids, err := s.Store.OrphanedBlobs(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	if err := s.Blobs.Delete(ids...); err != nil {
		return err
	}
	return s.Store.ForgetBlobs(ctx, ids)
}
