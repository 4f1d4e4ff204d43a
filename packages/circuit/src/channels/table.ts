import { CircuitError, hint, ValueError } from '@ketwork/base';
import { functionOf, productOf, sumOf } from '../expression.ts';
import { dense } from '../gates/matrix.ts';
import { deepFrozen } from '../ops.ts';
import type { Angle, ChannelOp } from '../types.ts';
import type { Channel, ChannelParameter, TransferEntry } from './channel.ts';
import { followedBy, pauliChannel, pauliWords, scaled, withoutZeros } from './channel.ts';

/** Most qubits of a channel that acts on any number of them. */
const MAX_CHANNEL_QUBITS = 4;

function probability(name: string, help: string): ChannelParameter {
  return { name, help, min: 0, max: 1 };
}

function time(name: string, help: string, min: number): ChannelParameter {
  return { name, help, min, max: Number.MAX_VALUE };
}

function flip(name: string, alias: string, word: string, what: string, symbol: string): Channel {
  return pauliChannel({
    name,
    aliases: [alias],
    qubits: 1,
    parameters: () => [probability('p', `probability of ${what}`)],
    probabilities: ([p = 0]) => [{ word, probability: p }],
    symbol,
    help: `${what} with probability p: \`(1-p) ρ + p ${word}ρ${word}\`.`,
  });
}

const depolarizing = pauliChannel({
  name: 'depolarizing',
  aliases: ['depol', 'DepolarizingChannel'],
  qubits: 'any',
  parameters: () => [probability('p', 'probability that some Pauli string other than I acts')],
  probabilities: ([p = 0], qubits) =>
    pauliWords(qubits)
      .slice(1)
      .map((word) => ({ word, probability: productOf(1 / (4 ** qubits - 1), p) })),
  symbol: 'Depol',
  help:
    'Every Pauli string but the identity with probability `p / (4^k - 1)`: p/3 each of X, Y, Z on one qubit, p/15 each ' +
    'of 15 on two. A parameter λ with `(1-λ) ρ + λ tr(ρ) I/2^k` is `p = λ (1 - 4^-k)`.',
});

const pauliError = pauliChannel({
  name: 'pauliError',
  aliases: ['PauliError', 'pauliChannel'],
  qubits: 'any',
  parameters: (qubits = 1) =>
    pauliWords(qubits)
      .slice(1)
      .map((word) => probability(`p${word}`, `probability of ${word}`)),
  conflict: (parameters) => {
    const sum = parameters.reduce((total, p) => total + p, 0);
    return sum > 1 + 1e-12
      ? { what: `the probabilities add to ${sum}`, remedy: 'They may add to 1 at most' }
      : undefined;
  },
  probabilities: (parameters, qubits) =>
    pauliWords(qubits)
      .slice(1)
      .map((word, i) => ({ word, probability: parameters[i]! })),
  symbol: 'Pauli',
  help: 'Each Pauli string but the identity with a probability of its own, in the order IX, IY, IZ, XI, …; X, Y, Z on one qubit.',
});

/** `1 - x`. */
function rest(x: Angle): Angle {
  return sumOf(1, productOf(-1, x));
}

function root(x: Angle): Angle {
  return functionOf('sqrt', x);
}

/** Entries of a one-qubit map that shrinks the X-Y plane and z, and shifts z. */
function damping(plane: Angle, z: Angle, shift: Angle): readonly TransferEntry[] {
  return [
    { row: 0, column: 0, value: 1 },
    { row: 1, column: 1, value: plane },
    { row: 2, column: 2, value: plane },
    { row: 3, column: 3, value: z },
    { row: 3, column: 0, value: shift },
  ];
}

/** Kraus matrices of damping by `gamma` towards a state with `excited` of the weight on |1⟩. */
function dampingKraus(gamma: number, excited: number): readonly Float64Array[] {
  const keep = Math.sqrt(1 - gamma);
  const jump = Math.sqrt(gamma);
  return [
    scaled(Math.sqrt(1 - excited), dense(1, 0, 0, keep)),
    scaled(Math.sqrt(1 - excited), dense(0, jump, 0, 0)),
    scaled(Math.sqrt(excited), dense(keep, 0, 0, 1)),
    scaled(Math.sqrt(excited), dense(0, 0, jump, 0)),
  ];
}

function phaseDampingKraus(lambda: number): readonly Float64Array[] {
  return [dense(1, 0, 0, Math.sqrt(1 - lambda)), dense(0, 0, 0, Math.sqrt(lambda))];
}

const amplitudeDamping: Channel = {
  name: 'amplitudeDamping',
  aliases: ['AmplitudeDamping'],
  qubits: 1,
  parameters: () => [probability('γ', 'probability that |1⟩ decays to |0⟩')],
  kraus: ([gamma = 0]) => withoutZeros(dampingKraus(gamma, 0)),
  transfer: ([gamma = 0]) => damping(root(rest(gamma)), rest(gamma), gamma),
  symbol: 'AD',
  help: 'Decay of |1⟩ to |0⟩: `K₀ = diag(1, √(1-γ))`, `K₁ = √γ |0⟩⟨1|`.',
};

const generalizedAmplitudeDamping: Channel = {
  name: 'generalizedAmplitudeDamping',
  aliases: ['GeneralizedAmplitudeDamping'],
  qubits: 1,
  parameters: () => [
    probability('γ', 'probability of a decay or an excitation'),
    probability('excited', 'population of |1⟩ that the qubit relaxes to'),
  ],
  kraus: ([gamma = 0, excited = 0]) => withoutZeros(dampingKraus(gamma, excited)),
  transfer: ([gamma = 0, excited = 0]) =>
    damping(root(rest(gamma)), rest(gamma), productOf(gamma, rest(productOf(2, excited)))),
  symbol: 'GAD',
  help: 'Relaxation by γ towards a thermal state `diag(1-e, e)`: amplitude damping with weight 1-e, its mirror image with weight e.',
};

const phaseDamping: Channel = {
  name: 'phaseDamping',
  aliases: ['PhaseDamping'],
  qubits: 1,
  parameters: () => [probability('λ', 'probability that the environment learns the value')],
  kraus: ([lambda = 0]) => withoutZeros(phaseDampingKraus(lambda)),
  transfer: ([lambda = 0]) => damping(root(rest(lambda)), 1, 0),
  symbol: 'PD',
  help: 'Loss of phase without loss of energy: `K₀ = diag(1, √(1-λ))`, `K₁ = diag(0, √λ)`.',
};

const thermalRelaxation: Channel = {
  name: 'thermalRelaxation',
  aliases: ['ThermalRelaxationError'],
  qubits: 1,
  parameters: () => [
    time('T1', 'relaxation time, in any unit', Number.MIN_VALUE),
    time('T2', 'dephasing time in the same unit, at most 2·T1', Number.MIN_VALUE),
    time('time', 'duration in the same unit', 0),
    probability('excited', 'population of |1⟩ in equilibrium'),
  ],
  conflict: ([t1 = 1, t2 = 1]) =>
    t2 > 2 * t1 * (1 + 1e-12)
      ? { what: `T2 = ${t2} is longer than 2·T1 = ${2 * t1}`, remedy: 'Use T2 ≤ 2·T1' }
      : undefined,
  kraus: ([t1 = 1, t2 = 1, duration = 0, excited = 0]) => {
    const relaxed = dampingKraus(-Math.expm1(-duration / t1), excited);
    const dephasing = Math.max(0, -Math.expm1(duration / t1 - (2 * duration) / t2));
    return withoutZeros(followedBy(relaxed, phaseDampingKraus(dephasing)));
  },
  transfer: ([t1 = 1, t2 = 1, duration = 0, excited = 0]) => {
    const decayed = (t: Angle): Angle => functionOf('exp', productOf(-1, duration, reciprocal(t)));
    const z = decayed(t1);
    return damping(decayed(t2), z, productOf(rest(z), rest(productOf(2, excited))));
  },
  symbol: 'T1,T2',
  help: 'Populations relax as `e^{-t/T1}` towards `diag(1-e, e)`, coherences as `e^{-t/T2}`.',
};

/** `1 / x` of a positive angle. */
function reciprocal(x: Angle): Angle {
  return typeof x === 'number' ? 1 / x : functionOf('exp', productOf(-1, functionOf('log', x)));
}

const resetError: Channel = {
  name: 'resetError',
  aliases: ['ResetError'],
  qubits: 1,
  parameters: () => [
    probability('p0', 'probability of a reset to |0⟩'),
    probability('p1', 'probability of a reset to |1⟩'),
  ],
  conflict: ([p0 = 0, p1 = 0]) =>
    p0 + p1 > 1 + 1e-12
      ? { what: `the probabilities add to ${p0 + p1}`, remedy: 'They may add to 1 at most' }
      : undefined,
  kraus: ([p0 = 0, p1 = 0]) =>
    withoutZeros([
      scaled(Math.sqrt(Math.max(0, 1 - p0 - p1)), dense(1, 0, 0, 1)),
      scaled(Math.sqrt(p0), dense(1, 0, 0, 0)),
      scaled(Math.sqrt(p0), dense(0, 1, 0, 0)),
      scaled(Math.sqrt(p1), dense(0, 0, 1, 0)),
      scaled(Math.sqrt(p1), dense(0, 0, 0, 1)),
    ]),
  transfer: ([p0 = 0, p1 = 0]) => {
    const kept = sumOf(1, productOf(-1, p0), productOf(-1, p1));
    return damping(kept, kept, sumOf(p0, productOf(-1, p1)));
  },
  symbol: 'Reset',
  help: 'A reset to |0⟩ with probability p0 and to |1⟩ with probability p1.',
};

/**
 * The channel table: everything Ketwork knows about its noise channels. Builder, validation, engines and tests read it.
 *
 * @example
 * ```ts
 * import { channels } from '@ketwork/circuit';
 * console.log(channels.map((row) => row.name));
 * ```
 */
export const channels: readonly Channel[] = deepFrozen([
  flip('bitFlip', 'BitFlip', 'X', 'X', 'BF'),
  flip('phaseFlip', 'PhaseFlip', 'Z', 'Z', 'PF'),
  flip('bitPhaseFlip', 'BitPhaseFlip', 'Y', 'Y', 'BPF'),
  depolarizing,
  pauliError,
  amplitudeDamping,
  generalizedAmplitudeDamping,
  phaseDamping,
  thermalRelaxation,
  resetError,
]);

const byName = new Map<string, Channel>();
for (const row of channels) {
  for (const name of [row.name, ...row.aliases]) byName.set(name.toLowerCase(), row);
}

/** The row of that name or alias, or undefined. */
export function findChannel(name: string): Channel | undefined {
  return byName.get(name.toLowerCase());
}

/**
 * The row of the channel table with that name or alias; upper and lower case do not matter.
 *
 * @param name Such as `depolarizing` or `AmplitudeDamping`.
 * @throws CircuitError when no channel has that name.
 * @example
 * ```ts
 * import { channel } from '@ketwork/circuit';
 * console.log(channel('bitFlip').kraus([0.25]).length, channel('depolarizing').paulis?.([0.3])[1]); // 2 { probability: 0.1, word: 'X' }
 * ```
 */
export function channel(name: string): Channel {
  const row = findChannel(name);
  if (row === undefined) {
    const names = channels.map((known) => known.name);
    throw new CircuitError(`unknown channel '${name}'${hint(name, names)}`, {
      remedy: `Use one of ${names.join(', ')}, or give Kraus matrices`,
    });
  }
  return row;
}

/** Whether a row acts on that many qubits. */
export function actsOn(row: Channel, qubits: number): boolean {
  return row.qubits === 'any' ? qubits >= 1 && qubits <= MAX_CHANNEL_QUBITS : qubits === row.qubits;
}

/** What is wrong with the values of a channel's parameters, or undefined. NaN is wrong too. */
export function parameterFault(
  row: Channel,
  parameters: readonly (number | undefined)[],
  qubits: number,
): { readonly what: string; readonly remedy: string } | undefined {
  const expected = row.parameters(qubits);
  for (const [i, { name, min, max }] of expected.entries()) {
    const value = parameters[i];
    if (value === undefined || (value >= min && value <= max)) continue;
    const range =
      max === Number.MAX_VALUE
        ? min > 0
          ? 'a positive number'
          : 'a finite number from 0'
        : `${min} to ${max}`;
    return { what: `${row.name} got ${name} = ${value}`, remedy: `Use ${range}` };
  }
  if (row.conflict === undefined || parameters.some((value) => value === undefined))
    return undefined;
  const found = row.conflict(parameters as readonly number[]);
  return found && { what: `${row.name}: ${found.what}`, remedy: found.remedy };
}

/**
 * Kraus matrices of a channel operation, by name or given with it: `2 · 4^k` numbers each, row-major, interleaved re, im,
 * the first of the operation's qubits being the most significant.
 *
 * @param parameters Values of the operation's `angles`; none for explicit Kraus matrices.
 * @throws ValueError for parameters out of range.
 * @example
 * ```ts
 * import { channelKraus } from '@ketwork/circuit';
 * const op = { type: 'channel', channel: 'phaseFlip', qubits: [0], angles: [0.5] } as const;
 * console.log(channelKraus(op, [0.5]).length); // 2
 * ```
 */
export function channelKraus(
  op: ChannelOp,
  parameters: readonly number[],
): readonly (readonly number[])[] {
  if (op.kraus !== undefined) return op.kraus;
  const row = channel(op.channel);
  const fault = parameterFault(row, parameters, op.qubits.length);
  if (fault !== undefined) throw new ValueError(fault.what, { remedy: fault.remedy });
  return row.kraus(parameters, op.qubits.length).map((matrix) => [...matrix]);
}
