package api

import "context"

// sweepBlobs removes the bytes of files that were deleted. What it cannot do now
// is done the next time, or at the next start.
func (s *server) sweepBlobs(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	ids, err := s.Store.DeletedBlobs(ctx)
	if err == nil && len(ids) > 0 {
		if err = s.Blobs.Delete(ids...); err == nil {
			err = s.Store.ForgetDeletedBlobs(ctx, ids)
		}
	}
	if err != nil {
		s.Logger.Error().Err(err).Msg("cannot remove deleted files")
	}
}
