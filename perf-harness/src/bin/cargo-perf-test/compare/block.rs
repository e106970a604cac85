//! One block of one test: both sides launched, warmed up, alternated and ended.

use super::contest::Contest;
use super::player::Player;
use super::trouble::Trouble;
use perf_core::drive::control::Control;
use perf_core::interleave::coins::{Coins, Who};
use perf_core::interleave::wire::{Answer, Numbers, Order, Tempo};
use perf_core::judge::block::Block;
use std::path::Path;
use std::time::Duration;

/// What an order may take beyond its own length: iterations that run into their time limit, and a slow machine.
const PATIENCE: Duration = Duration::from_mins(10);

/// What came of it.
pub(crate) enum Played {
    /// The numbers of base and head, and who began each pair of rounds.
    Whole(Box<[Numbers; 2]>, Vec<Who>),
    /// The generator needs more workers, on both sides.
    MoreWorkers(u32),
}

/// The two sides, by who they are.
struct Both([Player; 2]);

impl Both {
    fn of(&mut self, who: Who) -> &mut Player {
        &mut self.0[who as usize]
    }

    /// `None` when the block is of no use.
    fn rest(
        &mut self,
        who: Who,
        order: Order,
        length: Duration,
        live: &Control,
    ) -> Result<Option<u32>, Trouble> {
        match self.of(who).play(order, Some(length + PATIENCE), live)? {
            Answer::Rested => Ok(None),
            Answer::MoreWorkers(workers) => Ok(Some(workers)),
            other => Err(unexpected(who, &other)),
        }
    }
}

/// Plays it. Everything that has an order has it from the coins, so that neither side has an advantage.
pub(crate) fn play(
    contest: &Contest,
    tempo: &Tempo,
    coins: &mut Coins,
    folder: &Path,
    live: &Control,
) -> Result<Played, Trouble> {
    let mut both = set_up(contest, tempo, coins.toss(), folder, live)?;
    for who in coins.toss() {
        if let Some(workers) = both.rest(who, Order::Warm, tempo.warmup(), live)? {
            return Ok(Played::MoreWorkers(workers));
        }
    }
    let mut first = Vec::new();
    for _ in 0..tempo.rounds {
        let order = coins.toss();
        first.push(order[0]);
        for who in order {
            if let Some(workers) = both.rest(who, Order::Round, tempo.round(), live)? {
                return Ok(Played::MoreWorkers(workers));
            }
        }
    }
    let mut numbers = <[Numbers; 2]>::default();
    for who in coins.toss() {
        match both.of(who).play(Order::Finish, Some(PATIENCE), live)? {
            Answer::Numbers(theirs) => numbers[who as usize] = *theirs,
            Answer::MoreWorkers(workers) => return Ok(Played::MoreWorkers(workers)),
            other => return Err(unexpected(who, &other)),
        }
    }
    Ok(Played::Whole(Box::new(numbers), first))
}

/// Launches one after the other, so that neither set-up disturbs the other.
fn set_up(
    contest: &Contest,
    tempo: &Tempo,
    order: [Who; 2],
    folder: &Path,
    live: &Control,
) -> Result<Both, Trouble> {
    let (mut up, mut in_vain) = (Vec::new(), Vec::new());
    for who in order {
        match launched(contest, tempo, who, folder, live) {
            Ok((player, base_url)) => up.push((who, player, base_url)),
            // Without the other one beside it, the address is somebody else's.
            Err(Trouble::AddressTaken { who, reason }) if up.is_empty() => {
                in_vain.push(Trouble::Failed { who, reason });
            }
            Err(trouble) => in_vain.push(trouble),
        }
    }
    // Where both fail it is nothing that head brought about.
    in_vain.sort_by_key(Trouble::who);
    if let Some(trouble) = in_vain.into_iter().next() {
        return Err(trouble);
    }
    if let [(_, _, Some(one)), (_, _, Some(other))] = up.as_slice()
        && one == other
    {
        return Err(Trouble::SameAddress(one.clone()));
    }
    up.sort_by_key(|(who, ..)| *who);
    let mut players = up.into_iter().map(|(_, player, _)| player);
    match (players.next(), players.next()) {
        (Some(base), Some(head)) => Ok(Both([base, head])),
        _ => unreachable!("the order names both"),
    }
}

/// Set up and at rest, with where its target is.
fn launched(
    contest: &Contest,
    tempo: &Tempo,
    who: Who,
    folder: &Path,
    live: &Control,
) -> Result<(Player, Option<String>), Trouble> {
    let mut player = Player::launch(who, contest.built(who), &contest.name, folder, live)?;
    // `setup` takes as long as it takes.
    match player.play(Order::Begin(*tempo), None, live)? {
        Answer::Ready { base_url } => Ok((player, base_url)),
        other => Err(unexpected(who, &other)),
    }
}

fn unexpected(who: Who, answer: &Answer) -> Trouble {
    Trouble::Failed { who, reason: format!("it answered {answer:?} out of turn; please report it") }
}

/// As it is judged.
pub(crate) fn judged(numbers: &[Numbers; 2]) -> Block {
    let [base, head] = numbers.clone().map(Numbers::into_side);
    Block { base, head }
}
