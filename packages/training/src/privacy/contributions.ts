import { UnsupportedError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { couplingLayer, perExampleGrads, scaledGrads, tracePass } from '@ketwork/nn';
import type { BuiltLayer, Loss, MaybePromise, PerExampleGrads } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import { joined, partOf, piecesOf, weightedLoss } from '../gradient.ts';
import { Clipper, StretchSums, groupsOf } from './clipping.ts';
import type { GiveSum } from './clipping.ts';

/** Per-example gradients of one pass take at most so many numbers, 128 MiB; more examples are taken in turn. */
const MOST_NUMBERS = 2 ** 24;

/** Parameters from which on 256 examples have more gradients than that. */
const MANY_NUMBERS = MOST_NUMBERS / 256;

/** How examples contribute to the steps of a run; plain data. */
export interface ContributionPlan {
  /** Whether the parameters of each layer are clipped apart. */
  readonly perLayer: boolean;
  /** Examples whose contributions are added up before they meet those of others. */
  readonly stretch: number;
  /** Examples of one pass, about; does not change the result. */
  readonly passSize: number;
  /** What is held of every example. */
  readonly perExample: 'gradients' | 'norms';
}

/** What is held of every example of a network, where nothing else is asked for: the size of a batch must not decide. */
export function perExampleOf(network: BuiltLayer): 'gradients' | 'norms' {
  return numbersOf(network) > MANY_NUMBERS ? 'norms' : 'gradients';
}

/** Some examples of the batch of a step, beginning with a stretch. */
export interface Share {
  readonly batch: WeightedBatch;
  /** Number of the first of them in the batch of the step. */
  readonly first: number;
  readonly key: Key;
  /** The clipping norm. */
  readonly norm: number;
}

/** What is known of the examples of a step besides the sum of their gradients. */
export interface Contribution {
  /** Loss of each example. */
  readonly losses: Float64Array;
  readonly outputs: Float64Array;
  /** Examples whose gradients were not clipped. */
  readonly unclipped: number;
}

/** Gives the sum of clipped gradients of each stretch, in order. */
export type Contribute = (share: Share, give: GiveSum) => MaybePromise<Contribution>;

/** How a network's examples contribute, computed in this thread. @throws UnsupportedError where examples are coupled. */
export function contributionsOf(
  network: BuiltLayer,
  loss: Loss,
  plan: ContributionPlan,
): Contribute {
  if (network.couplesExamples) {
    throw new UnsupportedError(
      `fit: ${couplingLayer(network)} makes every example depend on the others of its batch, so that clipping the gradient of each would bound nothing`,
      { remedy: 'Use layerNorm instead of batchNorm' },
    );
  }
  return plan.perExample === 'norms'
    ? byNorms(network, loss, plan)
    : byGradients(network, loss, plan);
}

/** One pass for the gradients of many examples. */
function byGradients(
  network: BuiltLayer,
  loss: Loss,
  { perLayer, stretch, passSize }: ContributionPlan,
): Contribute {
  const { parameters } = network;
  const weighted = weightedLoss(loss);
  const gradient = perExampleGrads(network, weighted.loss);
  const clipper = new Clipper(groupsOf(parameters, perLayer));
  const sums = new StretchSums(parameters, clipper, stretch);
  // What is drawn for a pass as a whole must be drawn for the same examples, however they are shared.
  const atOnce = tracePass(network).drawsAtOnce
    ? stretch
    : Math.max(1, Math.min(passSize, Math.floor(MOST_NUMBERS / Math.max(1, numbersOf(network)))));
  const pass = (
    part: WeightedBatch,
    key: Key,
    firstExample: number,
  ): MaybePromise<PerExampleGrads> => {
    weighted.use(part.weights);
    return gradient(part, { key, firstExample });
  };
  const passByPass = async ({ batch, first, key }: Share, give: GiveSum): Promise<Contribution> => {
    const losses: Float64Array[] = [];
    const outputs: Float64Array[] = [];
    for (const piece of piecesOf(batch.count, atOnce)) {
      const result = await pass(partOf(batch, piece), key, first + piece.first);
      sums.add(result.grads, piece.count, give);
      losses.push(result.losses);
      outputs.push(result.outputs);
    }
    sums.close(give);
    return { losses: joined(losses), outputs: joined(outputs), unclipped: clipper.unclipped };
  };
  return (share, give) => {
    const { batch, first, key, norm } = share;
    clipper.begin(norm);
    sums.begin();
    if (batch.count === 0 || batch.count > atOnce) return passByPass(share, give);
    // One pass is the rule, and small ones are over sooner than a promise is kept.
    const finish = ({ grads, losses, outputs }: PerExampleGrads): Contribution => {
      sums.add(grads, batch.count, give);
      sums.close(give);
      return { losses, outputs, unclipped: clipper.unclipped };
    };
    const made = pass(batch, key, first);
    return made instanceof Promise ? made.then(finish) : finish(made);
  };
}

/** A pass for the norms of a stretch of examples, and one for its sum. */
function byNorms(
  network: BuiltLayer,
  loss: Loss,
  { perLayer, stretch }: ContributionPlan,
): Contribute {
  const weighted = weightedLoss(loss);
  const groups = groupsOf(network.parameters, perLayer);
  const clipper = new Clipper(groups);
  const gradient = scaledGrads(network, weighted.loss, (squares) => {
    if (squares.length === 0) return squares;
    const byGroup = groups.map((group) => sumOf(group.map((p) => squares[p]!)));
    const factors = clipper.factors(byGroup, byGroup[0]!.length);
    return squares.map((_, p) => factors[groups.findIndex((group) => group.includes(p))]!);
  });
  return async ({ batch, first, key, norm }, give) => {
    clipper.begin(norm);
    const losses: Float64Array[] = [];
    const outputs: Float64Array[] = [];
    for (const piece of piecesOf(batch.count, stretch)) {
      const part = partOf(batch, piece);
      weighted.use(part.weights);
      const result = await gradient(part, { key, firstExample: first + piece.first });
      give(result.grads);
      losses.push(result.losses);
      outputs.push(result.outputs);
    }
    return { losses: joined(losses), outputs: joined(outputs), unclipped: clipper.unclipped };
  };
}

function sumOf(arrays: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(arrays[0]!.length);
  for (const array of arrays) for (let i = 0; i < sum.length; i++) sum[i]! += array[i]!;
  return sum;
}

function numbersOf({ parameters }: BuiltLayer): number {
  return parameters.reduce((sum, { data }) => sum + data.length, 0);
}
