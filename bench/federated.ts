// A federation over HTTP under strain: hundreds of participants of which half drop out of every round, and a coordinator that is
// killed (SIGKILL) before each of its operations on files.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crowd } from '../packages/federated/test/server/crowd.ts';
import { Keeper } from '../packages/federated/test/server/keeper.ts';
import { takePart, undisturbed } from '../packages/federated/test/server/light.ts';

const usage = `node bench/federated.ts [options]

  --participants n   participants in one process (default 500; 0: leave this part out)
  --rounds n         rounds (default 10)
  --size n           numbers in the weights (default 10000)
  --seconds s        seconds for which a round waits (default 5)
  --kills n          operations on files before which the coordinator is killed, one run for each (default 60; 0: none)

Exit code 1 where an update counts that should not, or weights are not those of an undisturbed run.`;

const { values } = parseArgs({
  options: {
    participants: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '10' },
    size: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
    kills: { type: 'string', default: '60' },
    help: { type: 'boolean', default: false },
  },
});

async function strain(participants: number): Promise<void> {
  const { history, outcomes, wrong, same, seconds } = await crowd({
    participants,
    rounds: Number(values.rounds),
    roundTimeout: Number(values.seconds),
    size: Number(values.size),
  });
  let before = 0;
  for (const { round, attempts, selected, participants: counting, seconds } of history) {
    const took = (seconds - before).toFixed(1);
    before = seconds;
    console.log(
      `round ${round}: ${selected.length} asked, ${counting.length} counted, attempt ${attempts}, ${took} s`,
    );
  }
  const megabytes = process.resourceUsage().maxRSS / 1024;
  console.log('answers', outcomes, `${seconds.toFixed(0)} s, at most ${megabytes.toFixed(0)} MB`);
  console.log(`${wrong} counted wrongly, weights as undisturbed: ${same}`);
  if (wrong > 0 || !same) process.exitCode = 1;
}

/** One federation whose coordinator is killed before its so-many-th operation on files, if there is one. */
async function killedAt(operation: number): Promise<boolean> {
  const names = ['a', 'b', 'c'];
  const folder = await mkdtemp(join(tmpdir(), 'killed-'));
  try {
    const keeper = new Keeper({ names, journal: folder, rounds: 2 }, [operation]);
    const url = await keeper.ready;
    const parts = names.map((name) => takePart(url, name));
    const { history, weights } = await keeper.end;
    await Promise.all(parts);
    const expected = undisturbed(history, names.length);
    const same = weights.every((value, i) => Object.is(value, expected[i]));
    const whole =
      history.length === 2 && history.every(({ participants }) => participants.length === 3);
    if (!same || !whole) {
      console.log(`killed before operation ${operation}: the result is another one`);
      process.exitCode = 1;
    }
    return keeper.kills > 0;
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (values.help) console.log(usage);
else {
  if (Number(values.participants) > 0) await strain(Number(values.participants));
  let killed = 0;
  for (let operation = 1; operation <= Number(values.kills); operation++) {
    if (!(await killedAt(operation))) break;
    killed++;
  }
  console.log(`killed before each of ${killed} operations on files`);
}
