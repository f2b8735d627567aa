// SPDX-License-Identifier: GPL-2.0

//! How much of the kernel's memory one open file may take.
//!
//! Something is counted before it is made, so that two threads cannot both have the last of it. In
//! contrast to C, what was counted is a value, and whoever drops that gives it back.

use core::sync::atomic::{AtomicU64, Ordering};

use kernel::{prelude::*, sync::Arc};

use crate::shim::{c, module};

/// A job is more than its commands.
const JOB_SIZE: u64 = 1024;

/// What a file has taken.
#[derive(Default)]
pub(crate) struct Account {
    /// Bytes of BOs that were made with the file and are not freed yet.
    bo_bytes: AtomicU64,
    /// Mappings in all VMs, as of the last bind of each.
    mappings: AtomicU64,
    /// Operations of binds that have not run yet.
    queued_ops: AtomicU64,
    /// Bytes of jobs for the engine that are not done yet.
    queued_bytes: AtomicU64,
}

/// Some of an account, until this is dropped.
pub(crate) struct Share {
    account: Arc<Account>,
    of: fn(&Account) -> &AtomicU64,
    n: u64,
}

impl Share {
    fn take(
        account: &Arc<Account>,
        of: fn(&Account) -> &AtomicU64,
        n: u64,
        limit: u64,
    ) -> Result<Self> {
        let before = of(account).fetch_add(n, Ordering::SeqCst);
        let share = Self {
            account: account.clone(),
            of,
            n,
        };
        if before.saturating_add(n) > limit {
            return Err(ENOSPC);
        }
        Ok(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        (self.of)(&self.account).fetch_sub(self.n, Ordering::SeqCst);
    }
}

fn only_unmaps(ops: &[c::drm_evgem_bind_op]) -> bool {
    ops.iter().all(|op| {
        matches!(
            op.op,
            c::DRM_EVGEM_BIND_OP_UNMAP | c::DRM_EVGEM_BIND_OP_UNMAP_BO
        )
    })
}

/// Counts a BO that is to be made, of no more bytes than the machine has. `ENOSPC`.
pub(crate) fn take_bo(account: &Arc<Account>, size: u64) -> Result<Share> {
    let limit = u64::from(module::max_bo_mb()) << 20;
    Share::take(account, |account| &account.bo_bytes, size, limit)
}

/// Counts a job for the engine. `ENOSPC`.
pub(crate) fn take_commands(account: &Arc<Account>, size: u64) -> Result<Share> {
    let limit = u64::from(module::max_queued_mb()) << 20;
    Share::take(
        account,
        |account| &account.queued_bytes,
        size.saturating_add(JOB_SIZE),
        limit,
    )
}

/// Counts the operations of a bind. `ENOSPC`.
///
/// Each may add up to two mappings, by cutting one that is there. Who is at the limit may still unmap,
/// in spite of that: up to twice the limit.
pub(crate) fn take_ops(account: &Arc<Account>, ops: &[c::drm_evgem_bind_op]) -> Result<Share> {
    let mut limit = u64::from(module::max_mappings());
    if only_unmaps(ops) {
        limit = limit.saturating_mul(2);
    }
    let queued = u64::from(module::max_queued_ops());
    // Before the mappings: what ends meanwhile counts twice, not never.
    let n = ops.len().max(1) as u64;
    let share = Share::take(account, |account| &account.queued_ops, n, queued)?;
    let queued = account.queued_ops.load(Ordering::SeqCst);
    let mappings = account.mappings.load(Ordering::SeqCst);
    if queued.saturating_mul(2).saturating_add(mappings) > limit {
        return Err(ENOSPC);
    }
    Ok(share)
}

impl Account {
    /// The mappings of a VM have changed.
    pub(crate) fn mappings_changed(&self, before: u64, now: u64) {
        self.mappings
            .fetch_add(now.wrapping_sub(before), Ordering::SeqCst);
    }
}
