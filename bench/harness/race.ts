import { state } from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import type { Engine, Values } from '@ketwork/simulator';
import type { Precision } from '../peers/native.ts';
import { engineAt, tolerances, zOn } from './engines.ts';
import type { LargeCase } from './large-circuits.ts';
import { elapsed, local } from './measure.ts';
import type { Timer } from './measure.ts';
import { nativeSides } from './native-sides.ts';
import type { NativeMode } from './native-sides.ts';
import { compare, mustAgree } from './question.ts';
import type { Context } from './question.ts';
import type { Row } from './row.ts';

/** One large state against native peers: all have Z measured on every qubit. */
export interface Race {
  readonly question: string;
  readonly large: LargeCase;
  readonly precision: Precision;
  readonly threads: 1 | 2;
  readonly modes: readonly NativeMode[];
}

/** Rows of a race, and its modes with the seconds of a run, the fastest first. */
export interface RaceResult {
  readonly rows: readonly Row[];
  readonly ranking: readonly { readonly mode: NativeMode; readonly seconds: number }[];
}

/** Sizes up to which the probabilities of some basis states are compared too. */
const PROBED = 20;

/** Sizes up to which the reference engine says what is right. */
const JUDGED = 8;

const allOf = (qubits: number): number[] => Array.from({ length: qubits }, (_, q) => q);

function judged({ circuit, w }: LargeCase): Float64Array {
  using program = reference().compile(circuit, zOn(allOf(circuit.qubits)));
  return program.run({ w });
}

/** Basis states spread over all of them. */
const probe = (qubits: number): number[] =>
  Array.from({ length: 16 }, (_, k) => ((k + 1) * 0x9e3779b1) % 2 ** qubits);

interface Ours {
  readonly result: Float64Array;
  readonly probabilities: readonly number[];
  readonly plan: number;
  readonly timer: Timer;
  stop(): void;
}

/** Of single precision no results: undefined where the engine has none. */
async function ourSide({ large, precision, threads }: Race): Promise<Ours | undefined> {
  const engine = await engineAt(precision);
  if (engine === undefined) return undefined;
  const values: Values<'w'> = { w: large.w };
  const measurement = zOn(allOf(large.circuit.qubits));
  const probabilities = large.circuit.qubits > PROBED ? [] : probed(engine, large);
  if (threads === 1) {
    const start = performance.now();
    const program = engine.compile(large.circuit, measurement);
    const result = program.run(values);
    const first = performance.now();
    program.run(values);
    return {
      result,
      probabilities,
      plan: plan(start, first, performance.now()),
      timer: local(() => program.run(values)),
      stop: () => engine.dispose(),
    };
  }
  engine.dispose();
  const remote = await cpu({ threads, precision });
  const start = performance.now();
  const program = remote.compile(large.circuit, measurement);
  const result = await program.run(values);
  const first = performance.now();
  await program.run(values);
  return {
    result,
    probabilities,
    plan: plan(start, first, performance.now()),
    timer: elapsed(() => program.run(values)),
    stop: () => remote.dispose(),
  };
}

const plan = (start: number, first: number, second: number): number =>
  Math.max(0, first - start - (second - first)) / 1e3;

function probed(engine: Engine, { circuit, w }: LargeCase): number[] {
  using program = engine.compile(circuit, state());
  const amplitudes = program.run({ w });
  return probe(circuit.qubits).map((i) => amplitudes[2 * i]! ** 2 + amplitudes[2 * i + 1]! ** 2);
}

/** Times one circuit on all sides. */
export async function race(context: Context, given: Race): Promise<RaceResult> {
  const { question, large, precision, threads, modes } = given;
  const { settings, peers, skip } = context;
  const { qubits } = large.circuit;
  const label = `${large.name}, ${precision}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
  const ours = await ourSide(given);
  if (ours === undefined) {
    skip(`${question}: ${label}: the engine has no ${precision}`);
    return { rows: [], ranking: [] };
  }
  try {
    if (qubits <= JUDGED) {
      mustAgree(
        `${question}: ${label}, reference`,
        ours.result,
        judged(large),
        tolerances[precision],
      );
    }
    const native = await nativeSides(
      context,
      await peers.native?.(threads),
      `${question}: ${label}`,
      {
        precision,
        what: 'value',
        circuit: large.circuit,
        batch: 1,
        w: large.w,
        measured: allOf(qubits),
        probe: ours.probabilities.length > 0 ? probe(qubits) : [],
      },
      modes,
      () => ours.result,
      () => (seconds) => 1e3 * seconds,
      ours.probabilities,
    );
    const rows = await compare(
      {
        question,
        case: label,
        unit: 'ms',
        ours: { timer: ours.timer, toUnit: (seconds) => 1e3 * seconds, plan: ours.plan },
        peers: native.sides,
      },
      { budgetSeconds: 3, warmSeconds: 1, ...settings },
    );
    await native.drop();
    const ranking =
      native.modes.length === 0
        ? []
        : rows
            .map((row, i) => ({ mode: native.modes[i]!, seconds: row.peer! / 1e3 }))
            .sort((a, b) => a.seconds - b.seconds);
    return { rows, ranking };
  } finally {
    ours.stop();
  }
}
