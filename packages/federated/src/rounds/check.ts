import type { Update } from '../contract.ts';
import { UpdateError } from '../errors.ts';
import type { UpdateFault } from '../errors.ts';
import { distance } from '../vectors.ts';
import type { RoundsPlan } from './state.ts';

/** Beyond this, squares of a change could overflow in strategies. */
const LONGEST = 1e100;

/** What an update is, or an UpdateError that says why it is none. The array is taken over as it is. */
export function checkUpdate(
  given: unknown,
  from: string,
  round: number,
  before: Float64Array,
  { run, maxNorm, maxExamples }: RoundsPlan,
): Update {
  const refuse = (fault: UpdateFault, what: string, remedy?: string): UpdateError =>
    new UpdateError(fault, `the update of ${from} ${what}`, remedy === undefined ? {} : { remedy });
  if (typeof given !== 'object' || given === null) throw refuse('malformed', 'is not an object');
  const update = given as Partial<Record<keyof Update, unknown>>;
  if (typeof update.run !== 'string' || typeof update.round !== 'number')
    throw refuse('malformed', 'does not name its run and round');
  if (update.run !== run)
    throw refuse('run', 'belongs to another run', 'Ask for a new task and train again');
  if (update.round !== round) {
    throw refuse(
      'round',
      `belongs to round ${update.round}, not ${round}`,
      'Ask for a new task and train again',
    );
  }
  const { weights, examples, loss, epsilon } = update;
  if (!(weights instanceof Float64Array))
    throw refuse('malformed', 'has no weights in a Float64Array');
  if (weights.length !== before.length) {
    throw refuse(
      'size',
      `has ${weights.length} weights, not ${before.length}`,
      'Join with the same model and the same personal layers',
    );
  }
  if (typeof examples !== 'number' || !Number.isSafeInteger(examples) || examples < 1)
    throw refuse('malformed', 'does not say how many examples it was trained on');
  if (examples > maxExamples)
    throw refuse('examples', `claims ${examples} examples, more than the ${maxExamples} allowed`);
  if (loss !== undefined && typeof loss !== 'number')
    throw refuse('malformed', 'has a loss that is not a number');
  if (loss !== undefined && !Number.isFinite(loss))
    throw refuse('not-finite', `has a loss of ${loss}`);
  if (epsilon !== undefined && !(typeof epsilon === 'number' && epsilon >= 0))
    throw refuse('malformed', 'states an ε that is not a number of at least 0');
  const bad = weights.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw refuse('not-finite', `has the weight ${weights[bad]} at place ${bad}`);
  const length = distance(weights, before, weights.length);
  if (!(length <= Math.min(maxNorm, LONGEST))) {
    throw refuse(
      'norm',
      `changes the weights by a norm of ${length.toPrecision(3)}, more than ${Math.min(maxNorm, LONGEST)}`,
      'Lower the learning rate or the number of local epochs',
    );
  }
  return {
    run,
    round,
    examples,
    weights,
    ...(loss === undefined ? {} : { loss }),
    ...(epsilon === undefined ? {} : { epsilon }),
  };
}
