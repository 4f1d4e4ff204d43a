import { CircuitError, ValueError } from '@ketwork/base';
import { gate, requireCircuit } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';

/** Noise that follows gates. */
export interface GateNoise {
  /** Names or aliases of the gate table, `matrix` or `evolution`; or `all` of them. */
  readonly after: string | readonly string[];
  /**
   * Where: for noise on one qubit, the qubits it may strike; for noise on several, exactly these qubits in the order of the
   * gate. Everywhere when absent.
   */
  readonly qubits?: readonly number[];
  /**
   * Operations, such as `circuit(1, (q) => q.depolarizing(0.01, 0))`. On one qubit they follow on every qubit of the gate,
   * controls included; on several, gates on as many qubits.
   */
  readonly noise: Circuit;
}

/** Noise in front of measurements. */
export interface MeasurementNoise {
  /** The qubits it strikes; all when absent. */
  readonly qubits?: readonly number[];
  /** Operations on one qubit. */
  readonly noise: Circuit;
}

/** How a qubit is misread. */
export interface ReadoutError {
  /** The qubit; all that have no entry of their own when absent. */
  readonly qubit?: number;
  /** Probability of reading 1 where the qubit is 0. */
  readonly p10: number;
  /** Probability of reading 0 where the qubit is 1. */
  readonly p01: number;
}

/** What noise there is: plain data, safe for `JSON.stringify`. All rules that match apply, in their order. */
export interface NoiseModel {
  /** After gates. */
  readonly gates: readonly GateNoise[];
  /** In front of measurements. */
  readonly measurements: readonly MeasurementNoise[];
  /** When reading. */
  readonly readout: readonly ReadoutError[];
}

/**
 * A noise model: channels by gate and qubit, in front of measurements, and errors of reading. It is applied to circuits by
 * {@link applyNoise} and to results by {@link readoutProbabilities} and its neighbours.
 *
 * @returns the model, checked and frozen, gate names as in the gate table.
 * @throws CircuitError for an unknown gate or noise on a number of qubits that does not fit; ValueError for a probability
 * out of range.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { noiseModel } from '@ketwork/noise';
 * const model = noiseModel({
 *   gates: [
 *     { after: 'all', noise: circuit(1, (q) => q.depolarizing(0.001, 0)) },
 *     { after: 'cx', noise: circuit(2, (q) => q.depolarizing(0.01, [0, 1])) },
 *     { after: ['RX', 'RY'], qubits: [2], noise: circuit(1, (q) => q.amplitudeDamping(0.02, 0)) },
 *   ],
 *   readout: [{ p10: 0.01, p01: 0.03 }],
 * });
 * console.log(model.gates[1]?.after); // [ 'CNOT' ]
 * ```
 */
export function noiseModel(rules: Partial<NoiseModel>): NoiseModel {
  const gates = (rules.gates ?? []).map((rule, i): GateNoise => {
    const where = `rule ${i} of the noise model`;
    requireCircuit(rule.noise);
    const after = rule.after === 'all' ? 'all' : names(rule.after);
    if (rule.qubits !== undefined) {
      checkQubits(rule.qubits, where);
      if (rule.noise.qubits > 1 && rule.qubits.length !== rule.noise.qubits) {
        throw new CircuitError(
          `${where} has noise on ${rule.noise.qubits} qubits and names ${rule.qubits.length}`,
          { remedy: 'Name as many, or leave the list out' },
        );
      }
    }
    if (after !== 'all' && rule.noise.qubits > 1) {
      for (const name of after) {
        const width = name === 'matrix' || name === 'evolution' ? 'any' : gate(name).qubits;
        if (width === 'any' || width <= rule.noise.qubits) continue;
        throw new CircuitError(
          `${where} has noise on ${rule.noise.qubits} qubits for ${name}, which acts on ${width}`,
          { remedy: 'Give noise on one qubit, or on as many as the gate' },
        );
      }
    }
    return rule.qubits === undefined
      ? { after, noise: rule.noise }
      : { after, qubits: [...rule.qubits], noise: rule.noise };
  });
  const measurements = (rules.measurements ?? []).map((rule, i): MeasurementNoise => {
    requireCircuit(rule.noise);
    if (rule.noise.qubits !== 1) {
      throw new CircuitError(
        `rule ${i} for measurements has noise on ${rule.noise.qubits} qubits`,
        { remedy: 'Give noise on one qubit' },
      );
    }
    if (rule.qubits !== undefined) checkQubits(rule.qubits, `rule ${i} for measurements`);
    return rule.qubits === undefined
      ? { noise: rule.noise }
      : { qubits: [...rule.qubits], noise: rule.noise };
  });
  const readout = (rules.readout ?? []).map(({ qubit, p10, p01 }, i): ReadoutError => {
    for (const [name, p] of [
      ['p10', p10],
      ['p01', p01],
    ] as const) {
      if (!(p >= 0 && p <= 1))
        throw new ValueError(`readout error ${i} has ${name} = ${p}`, { remedy: 'Use 0 to 1' });
    }
    if (qubit !== undefined) checkQubits([qubit], `readout error ${i}`);
    return qubit === undefined ? { p10, p01 } : { qubit, p10, p01 };
  });
  return Object.freeze({
    gates: Object.freeze(gates.map((rule) => Object.freeze(rule))),
    measurements: Object.freeze(measurements.map((rule) => Object.freeze(rule))),
    readout: Object.freeze(readout.map((rule) => Object.freeze(rule))),
  });
}

function names(after: string | readonly string[]): readonly string[] {
  const list = typeof after === 'string' ? [after] : after;
  return Object.freeze(
    list.map((name) => (name === 'matrix' || name === 'evolution' ? name : gate(name).name)),
  );
}

function checkQubits(qubits: readonly number[], where: string): void {
  const wrong = qubits.find((qubit) => !Number.isSafeInteger(qubit) || qubit < 0);
  if (wrong !== undefined || new Set(qubits).size !== qubits.length) {
    throw new CircuitError(`${where} names the qubits [${qubits.join(', ')}]`, {
      remedy: 'Use integers from 0, each of them once',
    });
  }
}
