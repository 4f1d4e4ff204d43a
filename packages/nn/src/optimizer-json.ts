import { FormatError, KetworkError, UnsupportedError, hint } from '@ketwork/base';
import type { Json, Optimizer } from './contract.ts';
import { adam, adamw, rmsprop, sgd } from './optimizers.ts';
import type { LearningRate } from './optimizers.ts';
import * as schedules from './schedules.ts';
import type { Schedule } from './schedules.ts';

type Settings = Readonly<Record<string, unknown>>;

const OPTIMIZERS: Readonly<Record<string, (rate: LearningRate, options: never) => Optimizer>> = {
  adam,
  adamw,
  rmsprop,
  sgd,
};

/** The first number of each schedule; what is left are its options. */
const SCHEDULES: Readonly<
  Record<
    string,
    { readonly first: string; readonly make: (first: never, options: never) => Schedule }
  >
> = {
  constant: { first: 'rate', make: schedules.constant },
  cosine: { first: 'rate', make: schedules.cosine },
  exponential: { first: 'rate', make: schedules.exponential },
  linear: { first: 'rate', make: schedules.linear },
  oneCycle: { first: 'peak', make: schedules.oneCycle },
  stepwise: { first: 'rate', make: schedules.stepwise },
  warmup: { first: 'next', make: schedules.warmup },
};

/** Warm-ups before warm-ups: more than anyone needs, few enough for the stack. */
const MAX_NESTING = 8;

/**
 * An optimiser made again from its name and settings: from JSON text, from what `JSON.parse` made of it, or from the
 * optimiser itself. Learning rates that are schedules come back as schedules; a function of your own has no settings.
 *
 * @param json It need not be trusted. Settings that are left out have their defaults, but for the learning rate.
 * @throws FormatError where it is no optimiser, or a setting is unknown, missing or of the wrong type; UnsupportedError for
 * a name that is not one of this package's; ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { adam, optimizerFromJSON, schedules } from '@ketwork/nn';
 * const text = JSON.stringify(adam(schedules.cosine(0.1, { steps: 100 })));
 * console.log(JSON.stringify(optimizerFromJSON(text)) === text); // true
 * ```
 */
export function optimizerFromJSON(json: unknown): Optimizer {
  const given = typeof json === 'string' ? parsed(json) : json;
  if (!isRecord(given) || typeof given['name'] !== 'string' || !isRecord(given['settings'])) {
    throw new FormatError('an optimiser is not an object with a name and settings', {
      remedy: 'Give the JSON of sgd, rmsprop, adam or adamw',
    });
  }
  const { name } = given;
  const make = Object.hasOwn(OPTIMIZERS, name) ? OPTIMIZERS[name] : undefined;
  if (make === undefined) {
    throw new UnsupportedError(
      `there is no optimiser '${name}'${hint(name, Object.keys(OPTIMIZERS))} to make again`,
      { remedy: 'Use sgd, rmsprop, adam or adamw' },
    );
  }
  const { learningRate, ...settings } = given['settings'];
  if (learningRate === undefined) {
    throw new FormatError(`${name}: the learning rate is missing`, {
      remedy: 'Use a number or one of schedules: a function of your own cannot be written down',
    });
  }
  checkTypes(name, settings, make(0, {} as never).settings);
  return make(rateFrom(learningRate, 0), settings as never);
}

function rateFrom(json: unknown, depth: number): number | Schedule {
  if (typeof json === 'number') return json;
  if (!isRecord(json) || typeof json['name'] !== 'string' || depth > MAX_NESTING)
    throw new FormatError('a learning rate is neither a number nor a schedule with a name');
  const { name, ...settings } = json;
  const rule = Object.hasOwn(SCHEDULES, name) ? SCHEDULES[name] : undefined;
  if (rule === undefined)
    throw new UnsupportedError(`there is no schedule '${name}' to make again`);
  const { [rule.first]: first, ...options } = settings;
  const start = rule.first === 'next' ? rateFrom(first, depth + 1) : first;
  const made = madeOf(`schedules.${name}`, () =>
    rule.make(
      (typeof start === 'number' && rule.first === 'next'
        ? schedules.constant(start)
        : start) as never,
      options as never,
    ),
  );
  checkTypes(`schedules.${name}`, settings, made.settings as Settings);
  return made;
}

/** What a rule stumbles over without checking it itself is the data's fault. */
function madeOf<T>(where: string, rule: () => T): T {
  try {
    return rule();
  } catch (cause) {
    if (cause instanceof KetworkError) throw cause;
    throw new FormatError(`${where}: a setting is missing or of the wrong type`, { cause });
  }
}

/** Refuses settings that are not there, or of another type than they are. */
function checkTypes(
  where: string,
  given: Settings,
  known: Readonly<Record<string, unknown>>,
): void {
  for (const [setting, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, setting))
      throw new FormatError(`${where} has no setting '${setting}'`, {
        remedy: 'Remove it, or read it with the version that wrote it',
      });
    if (typeof value !== typeof known[setting])
      throw new FormatError(
        `${where}: ${setting} is a ${typeof value}, not a ${typeof known[setting]}`,
      );
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError('the text is not JSON', { cause, remedy: 'Check that it is complete' });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
