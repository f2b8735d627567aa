// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A reference to a pair that outlives its VM's owner: reported, and no harm done.

use drm_gpuvm::{Driver, MayAlloc};
use kernel::prelude::*;

use crate::{
    steps::{close, Lazy, Steps, TestDriver},
    world::World,
};

/// `ERANGE` unless the leak was counted. What kept it is gone at the end, and with it the VM, which
/// kmemleak sees.
pub(crate) fn outlive() -> Result {
    outlive_of::<Steps>()?;
    outlive_of::<Lazy>()
}

fn outlive_of<D: TestDriver>() -> Result {
    let world = World::<<D as Driver>::Mode>::of()?;
    let vm = world.vm::<D>()?;
    let shared = vm.share();
    let pair = {
        let bo = world.object(b'A')?;
        vm.obtain(&MayAlloc::here(), &bo)?
    };
    let leaks = close(vm);
    // Both are good still.
    let good = core::ptr::eq(pair.vm(), &*shared) && pair.data().0 == 0;
    drop(pair);
    if leaks == 1 && good {
        Ok(())
    } else {
        Err(ERANGE)
    }
}
