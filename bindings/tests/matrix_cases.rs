// SPDX-License-Identifier: GPL-2.0-only OR MIT

//! Split and merge, by the table of the C suite: through the driver's functions, and as a plan.

use drm_gpuvm::{MapRequest, OwnedVm, VmBo};
use kernel::{prelude::*, sync::aref::ARef};

use crate::{
    steps::{map, Job, Steps},
    text::{plan_text, vm_text},
    world::{Bo, World},
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

/// Objects A, B and C.
struct Objects([ARef<Bo>; 3]);

impl Objects {
    fn new(world: &World) -> Result<Self> {
        Ok(Self([
            world.object(b'A')?,
            world.object(b'B')?,
            world.object(b'C')?,
        ]))
    }

    fn pair(&self, vm: &OwnedVm<Steps>, name: u8) -> Result<Option<ARef<VmBo<Steps>>>> {
        match name.checked_sub(b'A') {
            Some(index) => Ok(Some(
                vm.obtain(self.0.get(usize::from(index)).ok_or(EINVAL)?)?,
            )),
            None => Ok(None),
        }
    }
}

fn request<'a>(map: &Map, pair: Option<&'a VmBo<Steps>>) -> MapRequest<'a, Steps> {
    let &(_, address, length, offset) = map;
    match pair {
        Some(pair) => MapRequest::new(address, length, pair, offset),
        None => MapRequest::sparse(address, length),
    }
}

/// A VM in which is mapped what the case has.
fn filled(world: &World, objects: &Objects, case: &Case) -> Result<OwnedVm<Steps>> {
    let mut vm = world.vm()?;
    for have in case.have {
        let pair = objects.pair(&vm, have.0)?;
        map(&mut vm, &request(have, pair.as_deref()))?;
    }
    Ok(vm)
}

fn expect(case: &Case, what: &str, is: &str, should: &str) -> Result {
    if is == should {
        return Ok(());
    }
    pr_err!("{}: {what}: \"{is}\" instead of \"{should}\"\n", case.row);
    Err(EINVAL)
}

fn by_functions(world: &World, objects: &Objects, case: &Case) -> Result {
    let mut vm = filled(world, objects, case)?;
    let mut job = Job::new()?;
    if case.req.0 == b'0' {
        vm.sm_unmap(case.req.1, case.req.2, &mut job)?;
    } else {
        let pair = objects.pair(&vm, case.req.0)?;
        vm.sm_map(&request(&case.req, pair.as_deref()), &mut job)?;
    }
    expect(case, "functions", vm.driver().log.as_str(), case.ops)?;
    expect(case, "mapped", vm_text(&vm)?.as_str(), case.then)
}

fn by_plan(world: &World, objects: &Objects, case: &Case) -> Result {
    let mut vm = filled(world, objects, case)?;
    let before = vm_text(&vm)?;
    let pair = objects.pair(&vm, if case.req.0 == b'0' { b'-' } else { case.req.0 })?;
    // To plan changes nothing.
    drop(vm.unmap_ops(case.req.1, case.req.2)?);
    expect(case, "planned", vm_text(&vm)?.as_str(), before.as_str())?;

    let request = request(&case.req, pair.as_deref());
    let plan = if case.req.0 == b'0' {
        vm.unmap_ops(case.req.1, case.req.2)?
    } else {
        vm.map_ops(&request)?
    };
    expect(case, "plan", plan_text(&plan)?.as_str(), case.ops)?;
    plan.carry_out(&mut Job::new()?)?;
    expect(case, "carried out", vm.driver().log.as_str(), case.ops)?;
    expect(case, "mapped", vm_text(&vm)?.as_str(), case.then)
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
}
