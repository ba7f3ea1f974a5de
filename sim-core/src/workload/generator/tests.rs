use super::super::{Rate, Skew};
use super::*;

fn model(model: ObjectModel) -> WorkloadModel {
    WorkloadModel { operations: Some(200), ..WorkloadModel::new(model) }
}

/// Runs a workload whose operations take `latency(i)` each and return `reply(operation)`.
fn run(
    model: &WorkloadModel,
    clients: u32,
    seed: u64,
    latency: impl Fn(u64) -> u64,
    reply: impl Fn(&Operation) -> Reply,
) -> Vec<(Time, Invocation)> {
    let mut workload = Workload::new(model, clients, seed);
    let mut handed = Vec::new();
    let mut open: OrderedSet<(Time, usize)> = OrderedSet::new();
    let mut now = Time::ZERO;
    loop {
        let back = open.first().map(|(at, _)| *at);
        let due = workload.next_arrival().filter(|due| back.is_none_or(|back| *due <= back));
        if let Some(due) = due {
            now = now.max(due);
            while let Some(invocation) = workload.arrive(now) {
                let back = now + Duration::from_nanos(latency(handed.len() as u64));
                open.insert((back, handed.len()));
                handed.push((now, invocation));
            }
        } else if let Some((back, i)) = open.pop_first() {
            now = back;
            let invocation = handed[i].1;
            workload.returned(invocation.client, &invocation.operation, &reply(&invocation.operation), now);
        } else {
            return handed;
        }
    }
}

fn done(_: &Operation) -> Reply {
    Reply::Done
}

#[test]
fn an_operation_is_the_same_whatever_else_changes() {
    for kind in ObjectModel::ALL {
        let model = model(kind);
        let fast = run(&model, 3, 9, |_| 1_000, done);
        let slow = run(&model, 7, 9, |i| 300_000_000 * (i % 2), done);
        assert_eq!(fast.len(), 200);
        let strip = |operation: Operation| match operation {
            Operation::Cas { key, to, .. } => Operation::Cas { key, from: None, to },
            other => other,
        };
        let content = |all: &[(Time, Invocation)]| {
            let mut all: Vec<_> = all.iter().map(|(_, i)| (i.arrived, strip(i.operation))).collect();
            all.sort_by_key(|(arrived, _)| *arrived);
            all
        };
        assert_eq!(content(&fast), content(&slow));
        assert_ne!(content(&fast), content(&run(&model, 3, 10, |_| 1_000, done)));
    }
}

#[test]
fn values_are_written_once_in_both_loops() {
    let open = model(ObjectModel::Register);
    let closed = WorkloadModel { think: Some(Duration::from_millis(3)), ..open.clone() };
    for model in [open, closed] {
        let values: Vec<u64> = run(&model, 4, 1, |i| 5_000_000 * (i % 5), done)
            .iter()
            .filter_map(|(_, invocation)| match invocation.operation {
                Operation::Write { value, .. } => Some(value),
                _ => None,
            })
            .collect();
        let distinct: OrderedSet<u64> = values.iter().copied().collect();
        assert!(values.len() > 70 && distinct.len() == values.len());
    }
}

#[test]
fn a_client_has_one_operation_at_a_time_unless_asked_otherwise() {
    let base = model(ObjectModel::Register);
    let latency = |_| 60_000_000;
    let overlapping = |busy: WhenBusy, clients: u32| {
        let model = WorkloadModel { when_busy: busy, ..base.clone() };
        let handed = run(&model, clients, 4, latency, done);
        let overlaps = (0..handed.len())
            .filter(|i| {
                handed[..*i].iter().any(|(at, other)| {
                    other.client == handed[*i].1.client
                        && *at + Duration::from_nanos(60_000_000) > handed[*i].0
                })
            })
            .count();
        (handed.len(), overlaps)
    };
    assert_eq!(overlapping(WhenBusy::Wait, 2), (200, 0));
    let (handed, overlaps) = overlapping(WhenBusy::Skip, 2);
    assert!(handed < 100 && overlaps == 0);
    let (handed, overlaps) = overlapping(WhenBusy::Overlap, 2);
    assert!(handed == 200 && overlaps > 50);
}

#[test]
fn the_rate_is_kept_and_the_period_too() {
    let model = WorkloadModel {
        operations: None,
        start: Duration::from_secs(1),
        until: Some(Duration::from_secs(11)),
        ..WorkloadModel::new(ObjectModel::Kv)
    };
    let exponential = run(&model, 5, 2, |_| 1_000_000, done);
    assert!(exponential.len().abs_diff(1_000) < 100, "{}", exponential.len());
    let fixed = run(&WorkloadModel { spacing: Spacing::Fixed, ..model }, 5, 2, |_| 1_000_000, done);
    assert_eq!(fixed.len(), 999);
    for (at, invocation) in exponential.iter().chain(&fixed) {
        assert!(at.as_nanos() >= 1_000_000_000 && invocation.arrived.as_nanos() < 11_000_000_000);
    }
}

#[test]
fn a_closed_loop_waits_for_returns() {
    let model = WorkloadModel {
        think: Some(Duration::from_millis(10)),
        spacing: Spacing::Fixed,
        ..model(ObjectModel::Register)
    };
    let handed = run(&model, 2, 3, |_| 5_000_000, done);
    for client in 0..2 {
        let times: Vec<Time> = handed.iter().filter(|(_, i)| i.client == client).map(|(at, _)| *at).collect();
        assert_eq!(times.len(), 100);
        assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) == Duration::from_millis(15)));
    }
}

#[test]
fn a_swap_expects_what_was_seen_last() {
    let model =
        WorkloadModel { mix: Mix { cas: 1, read: 1, ..Mix::default() }, ..model(ObjectModel::CasRegister) };
    let register = std::cell::Cell::new(None);
    let apply = |operation: &Operation| match *operation {
        Operation::Cas { from, to, .. } if from == register.get() => {
            register.set(Some(to));
            Reply::Done
        }
        Operation::Read { .. } => Reply::Value(register.get()),
        _ => Reply::Mismatch,
    };
    let swaps = |all: &[(Time, Invocation)]| {
        all.iter().filter(|(_, i)| matches!(i.operation, Operation::Cas { .. })).count() as u64
    };
    let handed = run(&model, 3, 6, |_| 10, apply);
    let succeeded = register.get().unwrap();
    assert!(swaps(&handed) > 80 && succeeded > 150, "the last swap succeeded: {succeeded}");
}

#[test]
fn who_waits_in_line_is_not_sent_to_a_client_that_is_down() {
    for (when_busy, skipped) in [(WhenBusy::Wait, 0), (WhenBusy::Skip, 199)] {
        let model = WorkloadModel { when_busy, ..model(ObjectModel::Register) };
        let mut workload = Workload::new(&model, 2, 1);
        workload.gone(1);
        let end = Time::ZERO + Duration::from_secs(60);
        let first = workload.arrive(end).unwrap();
        assert_eq!((first.client, workload.arrive(end)), (0, None));
        assert_eq!((workload.skipped(), workload.next_arrival()), (skipped, None));
        workload.returned(0, &first.operation, &Reply::Done, end);
        let line: Vec<u32> =
            std::iter::from_fn(|| workload.arrive(end)).map(|handed| handed.client).collect();
        workload.back(1, end);
        let more: Vec<u32> =
            std::iter::from_fn(|| workload.arrive(end)).map(|handed| handed.client).collect();
        let expected = if skipped == 0 { ([0].as_slice(), [1].as_slice()) } else { (&[][..], &[][..]) };
        assert_eq!((line.as_slice(), more.as_slice()), expected, "{when_busy:?}");
    }
}

#[test]
fn several_loads_keep_their_times_and_rates() {
    let rate = |per_second| Rate::per_second(per_second);
    let spike = Load {
        ramp_to: None,
        rate: rate(600),
        spacing: Spacing::Exponential,
        mix: Mix { write: 1, ..Mix::default() },
        operations: None,
        start: Duration::from_secs(20),
        until: Some(Duration::from_secs(25)),
    };
    let base = WorkloadModel {
        rate: Some(rate(50)),
        mix: Mix { read: 1, ..Mix::default() },
        when_busy: WhenBusy::Overlap,
        ..WorkloadModel::new(ObjectModel::Register)
    };
    let arrivals = |model: &WorkloadModel| {
        let mut workload = Workload::new(model, 200, 7);
        let mut all = Vec::new();
        while let Some(at) = workload.next_arrival().filter(|at| *at < Time::ZERO + Duration::from_secs(60)) {
            while let Some(invocation) = workload.arrive(at) {
                all.push((invocation.arrived, invocation.operation));
            }
        }
        all
    };
    let alone = arrivals(&base);
    let both = arrivals(&WorkloadModel { more: vec![spike.clone()], ..base });
    assert!(both.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    let (writes, reads): (Vec<_>, Vec<_>) =
        both.iter().partition(|(_, operation)| matches!(operation, Operation::Write { .. }));
    assert!((2_800..3_200).contains(&writes.len()), "{}", writes.len());
    let spiked = Time::ZERO + spike.start..Time::ZERO + spike.until.unwrap();
    assert!(writes.iter().all(|(at, _)| spiked.contains(at)));
    // A load arrives when it arrives alone, whatever is beside it.
    assert_eq!(
        reads.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        alone.iter().map(|(at, _)| *at).collect::<Vec<_>>()
    );
}

#[test]
fn readers_only_read_and_all_others_do_what_they_did() {
    let base = WorkloadModel { rate: Some(Rate::per_second(100)), ..WorkloadModel::new(ObjectModel::Append) };
    let asked = |readers| {
        let mut workload = Workload::new(&WorkloadModel { readers, ..base.clone() }, 4, 7);
        let mut all = Vec::new();
        while all.len() < 400 {
            let at = workload.next_arrival().unwrap();
            while let Some(Invocation { client, operation, .. }) = workload.arrive(at) {
                all.push((client, operation));
                workload.returned(client, &operation, &Reply::Unknown, at);
            }
        }
        all
    };
    let (none, two) = (asked(None), asked(Some(2)));
    assert!(two.iter().all(|(client, operation)| *client < 2 || operation.is_read()));
    assert!(none.iter().any(|(client, operation)| *client == 3 && !operation.is_read()));
    let writers = |all: &[(u32, Operation)]| -> Vec<_> {
        all.iter().filter(|(client, _)| *client < 2).copied().collect()
    };
    assert_eq!(writers(&none), writers(&two));
}

#[test]
fn a_ramp_rises_and_falls_as_its_rate_says() {
    let second = Duration::from_secs(1);
    let up = WorkloadModel {
        rate: Some(Rate::per_second(10)),
        ramp_to: Some(Rate::per_second(1_000)),
        start: second,
        until: Some(second * 5),
        operations: None,
        ..model(ObjectModel::Register)
    };
    let down = WorkloadModel { rate: up.ramp_to, ramp_to: up.rate, ..up.clone() };
    for spacing in [Spacing::Fixed, Spacing::Exponential] {
        // Of 2,020 in four seconds, by the integral over the rate, a bit over a quarter come in the first half.
        for (model, half) in [(&up, 515), (&down, 1_505)] {
            let model = WorkloadModel { spacing, ..model.clone() };
            let handed = run(&model, 100, 3, |_| 1_000, done);
            let early = handed.iter().filter(|(_, i)| i.arrived < Time::ZERO + second * 3).count();
            let allowed = if spacing == Spacing::Fixed { 1 } else { 100 };
            assert!(handed.len().abs_diff(2_020) <= allowed, "{spacing:?}: {} operations", handed.len());
            assert!(early.abs_diff(half) <= allowed, "{spacing:?}: {early} in the first half");
            assert!(handed.iter().all(|(_, i)| i.arrived >= Time::ZERO + second));
        }
    }
}

#[test]
fn skewed_keys_are_used_by_their_law() {
    let skewed = WorkloadModel {
        skew: Skew::Zipf,
        keys: Some(100),
        operations: Some(2_000),
        ..WorkloadModel::new(ObjectModel::Kv)
    };
    let mut counts = [0_u32; 100];
    for (_, invocation) in run(&skewed, 10, 1, |_| 1_000, done) {
        counts[invocation.operation.key() as usize] += 1;
    }
    // The harmonic number of 100 is 5.19.
    assert!(counts[0].abs_diff(385) < 60 && counts[1].abs_diff(193) < 45, "{counts:?}");
}
