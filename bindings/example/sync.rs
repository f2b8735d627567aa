// SPDX-License-Identifier: GPL-2.0

//! Syncobjs in and out, binary and timeline: how the uAPI's description of one becomes the core's.

use drm_gpuvm::{MayAlloc, SyncPoint, Syncs};
use kernel::{drm, prelude::*};

use crate::{
    file::{File, MAX_SYNCS},
    shim::{c, user::read_array},
};

fn point_of(args: &c::drm_evgem_sync) -> Result<SyncPoint> {
    let timeline = match args.type_ {
        c::DRM_EVGEM_SYNC_BINARY => false,
        c::DRM_EVGEM_SYNC_TIMELINE => true,
        _ => return Err(EINVAL),
    };
    if args.pad != 0 || timeline != (args.point != 0) {
        return Err(EINVAL);
    }
    match args.flags {
        c::DRM_EVGEM_SYNC_WAIT => Ok(SyncPoint::wait(args.handle, args.point)),
        c::DRM_EVGEM_SYNC_SIGNAL => Ok(SyncPoint::signal(args.handle, args.point)),
        _ => Err(EINVAL),
    }
}

/// Copies and looks up the syncs of a call. `EINVAL`; `E2BIG`; `EFAULT`; `ENOENT` for an unknown
/// syncobj; `ENOMEM`.
///
/// Context: process; sleeps; no lock that a page fault takes.
pub(crate) fn copy(
    may: &MayAlloc,
    file: &drm::File<File>,
    array: &c::drm_evgem_array,
) -> Result<Syncs> {
    if array.count == 0 {
        return Ok(Syncs::none());
    }
    let args = read_array::<c::drm_evgem_sync>(array, MAX_SYNCS)?;
    let mut points = KVec::with_capacity(args.len(), GFP_KERNEL_ACCOUNT)?;
    for sync in &args {
        points
            .push_within_capacity(point_of(sync)?)
            .map_err(|_| ENOMEM)?;
    }
    Syncs::new(may, file, &points)
}
