// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Split and merge, by the table of the C suite: through the driver's functions, as a plan, and in
//! deferred mode.

use drm_gpuvm::{Deferred, Driver, MapRequest, MayAlloc, Mode, OwnedVm, VmBo};
use kernel::{prelude::*, sync::aref::ARef};

use crate::{
    steps::{map, Job, Lazy, Steps, TestDriver},
    text::{ops_text, vm_text},
    world::{BoOf, World},
};

/// Object, address, length, offset; the object is `-` for none, `0` for an unmap.
type Map = (u8, u64, u64, u64);

pub(crate) struct Case {
    row: &'static str,
    have: &'static [Map],
    req: Map,
    ops: &'static str,
    then: &'static str,
}

include!("matrix.rs");

impl Case {
    fn unmaps(&self) -> bool {
        self.req.0 == b'0'
    }
}

/// Objects A, B and C.
struct Objects<M: Mode>([ARef<BoOf<M>>; 3]);

impl<M: Mode> Objects<M> {
    fn new(world: &World<M>) -> Result<Self> {
        Ok(Self([
            world.object(b'A')?,
            world.object(b'B')?,
            world.object(b'C')?,
        ]))
    }

    fn pair<D>(&self, vm: &OwnedVm<D>, name: u8) -> Result<Option<ARef<VmBo<D>>>>
    where
        D: TestDriver + Driver<Mode = M, Object = BoOf<M>>,
    {
        match name.checked_sub(b'A') {
            Some(index) => {
                let bo = self.0.get(usize::from(index)).ok_or(EINVAL)?;
                Ok(Some(vm.obtain(&MayAlloc::here(), bo)?))
            }
            None => Ok(None),
        }
    }

    /// A VM in which is mapped what the case has.
    fn filled<D>(&self, world: &World<M>, case: &Case) -> Result<OwnedVm<D>>
    where
        D: TestDriver + Driver<Mode = M, Object = BoOf<M>>,
    {
        let mut vm = world.vm()?;
        for have in case.have {
            let pair = self.pair(&vm, have.0)?;
            map(&mut vm, &request(have, pair.as_deref()))?;
        }
        Ok(vm)
    }
}

fn request<'a, D: TestDriver>(map: &Map, pair: Option<&'a VmBo<D>>) -> MapRequest<'a, D> {
    let &(_, address, length, offset) = map;
    match pair {
        Some(pair) => MapRequest::new(address, length, pair, offset),
        None => MapRequest::sparse(address, length),
    }
}

fn expect(case: &Case, what: &str, is: &str, should: &str) -> Result {
    if is == should {
        return Ok(());
    }
    pr_err!("{}: {what}: \"{is}\" instead of \"{should}\"\n", case.row);
    Err(EINVAL)
}

fn by_functions(world: &World, objects: &Objects<drm_gpuvm::Immediate>, case: &Case) -> Result {
    let mut vm = objects.filled::<Steps>(world, case)?;
    let mut job = Job::new()?;
    if case.unmaps() {
        vm.sm_unmap(case.req.1, case.req.2, &mut job)?;
    } else {
        let pair = objects.pair(&vm, case.req.0)?;
        vm.sm_map(&request(&case.req, pair.as_deref()), &mut job)?;
    }
    expect(case, "functions", vm.driver().log.as_str(), case.ops)?;
    expect(case, "mapped", vm_text(&vm)?.as_str(), case.then)
}

fn by_plan(world: &World, objects: &Objects<drm_gpuvm::Immediate>, case: &Case) -> Result {
    let may = MayAlloc::here();
    let mut vm = objects.filled::<Steps>(world, case)?;
    let before = vm_text(&vm)?;
    let pair = objects.pair(&vm, if case.unmaps() { b'-' } else { case.req.0 })?;
    // To plan changes nothing.
    drop(vm.unmap_ops(&may, case.req.1, case.req.2)?);
    expect(case, "planned", vm_text(&vm)?.as_str(), before.as_str())?;

    let request = request(&case.req, pair.as_deref());
    let plan = if case.unmaps() {
        vm.unmap_ops(&may, case.req.1, case.req.2)?
    } else {
        vm.map_ops(&may, &request)?
    };
    expect(case, "plan", ops_text(plan.iter())?.as_str(), case.ops)?;
    plan.carry_out(&may, &mut Job::new()?)?;
    expect(case, "carried out", vm.driver().log.as_str(), case.ops)?;
    expect(case, "mapped", vm_text(&vm)?.as_str(), case.then)
}

fn deferred(world: &World<Deferred>, objects: &Objects<Deferred>, case: &Case) -> Result {
    let mut vm = objects.filled::<Lazy>(world, case)?;
    let committed = if case.unmaps() {
        Lazy::submit_unmap(&mut vm, case.req.1, case.req.2)?
    } else {
        let pair = objects.pair(&vm, case.req.0)?;
        Lazy::submit_map(&mut vm, &request(&case.req, pair.as_deref()))?
    };
    expect(case, "mapped", vm_text(&vm)?.as_str(), case.then)?;
    // The list tells of what has gone, even when the VM has changed again.
    vm.clear(&MayAlloc::here());
    let told = MayAlloc::here().signalling(|_| ops_text_of(&committed, case))?;
    drop(committed);
    if told && close_is_clean(vm) {
        Ok(())
    } else {
        Err(EINVAL)
    }
}

fn close_is_clean(vm: OwnedVm<Lazy>) -> bool {
    vm.close(&MayAlloc::here()) == 0
}

/// Read without a buffer, as a job does, where none can be had.
fn ops_text_of(committed: &drm_gpuvm::Committed<Lazy>, case: &Case) -> Result<bool> {
    let mut rest = case.ops;
    for (index, op) in committed.iter().enumerate() {
        let mut expected = Eater { rest, fits: true };
        crate::text::tell(&mut expected, index, &op).or(Err(EINVAL))?;
        if !expected.fits {
            return Ok(false);
        }
        rest = expected.rest;
    }
    Ok(rest.is_empty())
}

/// Compares what is written with what is expected.
struct Eater<'a> {
    rest: &'a str,
    fits: bool,
}

impl core::fmt::Write for Eater<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        match self.rest.strip_prefix(text) {
            Some(rest) => self.rest = rest,
            None => self.fits = false,
        }
        Ok(())
    }
}

#[kunit_tests(gpuvm_rust_sm)]
mod cases {
    use super::*;

    #[test]
    fn c_suite_by_functions() -> Result {
        let world = World::new()?;
        let objects = Objects::new(&world)?;
        for case in &CASES {
            by_functions(&world, &objects, case)?;
        }
        Ok(())
    }

    #[test]
    fn c_suite_by_plan() -> Result {
        let world = World::new()?;
        let objects = Objects::new(&world)?;
        for case in &CASES {
            by_plan(&world, &objects, case)?;
        }
        Ok(())
    }

    #[test]
    fn c_suite_deferred() -> Result {
        let world = World::of()?;
        let objects = Objects::new(&world)?;
        for case in &CASES {
            deferred(&world, &objects, case)?;
        }
        Ok(())
    }
}
