// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! A reference to a pair that outlives its VM's owner: reported, and no harm done.

use kernel::prelude::*;

use crate::world::World;

/// `ERANGE` unless the leak was counted. What kept it is gone at the end, and with it the VM, which
/// kmemleak sees.
pub(crate) fn outlive() -> Result {
    let world = World::new()?;
    let vm = world.vm()?;
    let shared = vm.share();
    let pair = {
        let bo = world.object(b'A')?;
        vm.obtain(&bo)?
    };
    let leaks = vm.close();
    // Both are good still.
    let good = core::ptr::eq(pair.vm(), &*shared) && pair.data().0 == 0;
    drop(pair);
    if leaks == 1 && good {
        Ok(())
    } else {
        Err(ERANGE)
    }
}
