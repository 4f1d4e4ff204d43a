import { lossValues, mse, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { nest } from '../peers/native.ts';
import type { ModelTask, NativePeers, Prepared } from '../peers/native.ts';
import { local } from './measure.ts';
import type { Timer } from './measure.ts';
import { compare, firstLine, mustAgree } from './question.ts';
import type { Context, PeerSide } from './question.ts';
import type { Row } from './row.ts';

/** A built and bound model with its data, and what PyTorch calls it. */
export interface ModelCase {
  readonly label: string;
  readonly network: BuiltLayer;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly batch: number;
  readonly model: ModelTask['model'];
  readonly sizes: Readonly<Record<string, number>>;
  /** Shape of an example's input as the script takes it. Default: the network's. */
  readonly inputShape?: readonly number[];
  /** Name in the script of a parameter of ours. */
  rename(name: string): string;
}

/** Peers of a model: on how many of its examples they are timed, and the goal. */
interface ModelPeer {
  readonly peer: ModelTask['peer'];
  readonly examples: number;
  readonly goal: number;
}

/** Our side: loss of the batch, with gradients or without. */
function ourModel({ network, x, y }: ModelCase, what: ModelTask['what']): Timer {
  const value = lossValues(network, mse);
  const gradient = valueAndGrad(network, mse);
  return local(() => {
    const result = what === 'value' ? value({ x, y }, { training: true }) : gradient({ x, y });
    if (result instanceof Promise) throw new Error('the CPU engine should answer at once');
  });
}

/** The same model at the peers, which must agree on loss and gradients. */
async function modelPeers(
  { skip }: Context,
  native: NativePeers | undefined,
  made: ModelCase,
  what: ModelTask['what'],
  peers: readonly ModelPeer[],
): Promise<{ readonly sides: readonly PeerSide[]; drop(): Promise<void> }> {
  const sides: PeerSide[] = [];
  const all: Prepared[] = [];
  const { network, label, batch } = made;
  for (const { peer, examples, goal } of peers) {
    if (native?.has(peer) !== true) continue;
    const x = made.x.subarray(0, (made.x.length / batch) * examples);
    const y = made.y.subarray(0, (made.y.length / batch) * examples);
    const prepared = await native
      .model({
        peer,
        what,
        model: made.model,
        sizes: made.sizes,
        x: nest(x, [examples, ...(made.inputShape ?? network.inputShape)]),
        y: nest(y, [examples, y.length / examples]),
        parameters: Object.fromEntries(
          network.parameters.map(({ name, data, shape }) => [made.rename(name), nest(data, shape)]),
        ),
      })
      .catch((error: unknown) => skip(`${label}: ${peer} with PyTorch: ${firstLine(error)}`));
    if (prepared === undefined) continue;
    const ours = await valueAndGrad(network, mse)({ x, y });
    mustAgree(`${label}, loss of ${prepared.name}`, [ours.loss], prepared.value, 1e-8);
    if (what === 'gradient') {
      const flat = ours.grads.flatMap((values) => [...values]);
      mustAgree(`${label}, gradients of ${prepared.name}`, flat, prepared.gradient, 1e-8);
    }
    const part = examples === batch ? '' : `, minibatch ${examples}`;
    all.push(prepared);
    sides.push({
      name: `${prepared.name}${part}`,
      timer: prepared.timer,
      toUnit: (seconds) => (1e3 * seconds * batch) / examples,
      goal,
    });
  }
  return {
    sides,
    drop: async () => {
      for (const prepared of all) await prepared.drop();
    },
  };
}

/**
 * Rows of a model next to PennyLane in PyTorch, forward, and forward and backward. default.qubit is timed on the whole
 * batch, lightning.qubit, which goes through examples one by one, on the first `few`.
 */
export async function compareModel(
  context: Context,
  native: NativePeers | undefined,
  made: ModelCase,
  question: string,
  few: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const what of ['value', 'gradient'] as const) {
    const { sides, drop } = await modelPeers(context, native, made, what, [
      { peer: 'lightning.qubit', examples: Math.min(made.batch, few), goal: 100 },
      { peer: 'default.qubit', examples: made.batch, goal: 30 },
    ]);
    const ours = { timer: ourModel(made, what), toUnit: (seconds: number) => 1e3 * seconds };
    const title = what === 'value' ? 'forward' : 'forward and backward';
    const about = { question, case: `${made.label}, ${title}`, unit: 'ms' };
    rows.push(...(await compare({ ...about, ours, peers: sides }, context.settings)));
    await drop();
  }
  return rows;
}
