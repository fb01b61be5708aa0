package threadfiles

import "context"

// Sweep removes the bytes of files that were deleted, also when ctx has ended. What
// it cannot do now is done the next time, or at the next start.
func (k *Keeper) Sweep(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	ids, err := k.Store.DeletedBlobs(ctx)
	if err == nil && len(ids) > 0 {
		if err = k.Blobs.Delete(ids...); err == nil {
			err = k.Store.ForgetDeletedBlobs(ctx, ids)
		}
	}
	if err != nil {
		k.Logger.Error().Err(err).Msg("cannot remove deleted files")
	}
}
