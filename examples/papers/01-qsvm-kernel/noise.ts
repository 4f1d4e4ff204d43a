// The kernel of a noisy device at 15 qubits. A density matrix of 15 qubits has 4^15 numbers, so the noise is drawn.
import { circuit, cpu, fidelityKernel, fold, input, key, uniform } from 'ketwork';
import type { Circuit, Key } from 'ketwork';

/** Depolarizing noise: the probability of an error behind a gate, which is then one of the Pauli words on its qubits. */
export interface Noise {
  /** Gates on one qubit. */
  readonly one: number;
  /** Gates on two qubits. */
  readonly two: number;
}

/** A gate behind which, or in front of which, an error may happen. */
interface Place {
  readonly qubits: readonly number[];
  readonly probability: number;
  /** For each qubit, where in the list of errors its error behind the gate stands, and that in front of it. */
  readonly behind: readonly number[];
  readonly ahead: readonly number[];
}

/**
 * Probability of |0…0⟩ after U(x) and U†(y) when every gate has depolarizing noise, `[x, y]`: an estimate without bias.
 *
 * With noise behind each gate the probability is `tr(ρ(x) σ(y))`: ρ is the state behind the noisy U(x), and σ, the
 * projector on |0…0⟩ taken back through the noisy U†, is the state of U(y) with the noise in front of each gate, since
 * Pauli noise is its own adjoint. Both are mixtures: of the state without error, whose weight is known, and of states with
 * at least one, of which `draws` are drawn for each event. So there are states of n + m events to make, not circuits of
 * n · m pairs; and the overlaps of all of them are one kernel matrix, of a feature map that takes errors too.
 */
export async function noisyKernel(
  featureMap: Circuit,
  x: Float64Array,
  y: Float64Array,
  noise: Noise,
  draws: number,
  seed: number,
): Promise<Float64Array> {
  const { noisy, places, errors } = withErrors(featureMap, noise);
  const clean = places.reduce((product, { probability }) => product * (1 - probability), 1);
  const kernel = fidelityKernel(await cpu(), noisy, { memory: 2 ** 30 });
  const features = featureMap.slots[0]!.shape[0]!;
  const rows = (events: Float64Array, side: 'behind' | 'ahead', stream: Key): Float64Array =>
    examples(events, features, places, errors, side, draws, stream);
  const fidelities = kernel.between(
    rows(x, 'behind', fold(key(seed), 0)),
    rows(y, 'ahead', fold(key(seed), 1)),
  );
  kernel.dispose();
  const each = draws + 1;
  const weight = (r: number): number => (r % each === 0 ? clean : (1 - clean) / draws);
  const [n, m] = [x.length / features, y.length / features];
  const out = new Float64Array(n * m);
  for (let r = 0; r < n * each; r++) {
    const row = Math.floor(r / each) * m;
    for (let c = 0; c < m * each; c++)
      out[row + Math.floor(c / each)]! += weight(r) * weight(c) * fidelities[r * m * each + c]!;
  }
  return out;
}

/**
 * The map with room for errors on each qubit in front of all gates and behind each of its gates: two rotations, which the
 * slot makes X, Z, both or nothing. Its slot is an event followed by the angles of the errors.
 */
function withErrors(
  featureMap: Circuit,
  noise: Noise,
): { noisy: Circuit; places: Place[]; errors: number } {
  const [slot] = featureMap.slots;
  const features = slot!.shape[0]!;
  const last = Array.from({ length: featureMap.qubits }, (_, qubit) => qubit);
  let errors = featureMap.qubits;
  const places = featureMap.ops.map((op): Place => {
    if (op.type !== 'gate' || op.controls.length > 0)
      throw new Error('errors are drawn for gates of the table only');
    const { qubits } = op;
    const ahead = qubits.map((qubit) => last[qubit]!);
    const behind = qubits.map((qubit) => (last[qubit] = errors++));
    return { qubits, probability: qubits.length === 1 ? noise.one : noise.two, ahead, behind };
  });
  const name = slot!.name;
  const all = input(name, [features + 2 * errors]);
  const noisy = circuit(featureMap.qubits, (q) => {
    const error = (place: number, qubit: number): void => {
      const at = features + 2 * place;
      q.rx(all.at(at), qubit).rz(all.at(at + 1), qubit);
    };
    for (let qubit = 0; qubit < featureMap.qubits; qubit++) error(qubit, qubit);
    featureMap.ops.forEach((op, i) => {
      q.append({ ...featureMap, ops: [op], slots: [all.slot] });
      const { qubits, behind } = places[i]!;
      qubits.forEach((qubit, k) => error(behind[k]!, qubit));
    });
  });
  return { noisy, places, errors };
}

/** Rows `[events · (draws + 1)]` of events and angles of errors: an event's first row has none, the others one or more. */
function examples(
  events: Float64Array,
  features: number,
  places: readonly Place[],
  errors: number,
  side: 'behind' | 'ahead',
  draws: number,
  stream: Key,
): Float64Array {
  const length = features + 2 * errors;
  const count = events.length / features;
  const out = new Float64Array(count * (draws + 1) * length);
  for (let event = 0; event < count; event++) {
    const own = fold(stream, event);
    const numbersOf = (attempt: number): Float64Array =>
      uniform(fold(own, attempt), 2 * places.length);
    for (let draw = 0, attempt = 0; draw <= draws; draw++) {
      const at = (event * (draws + 1) + draw) * length;
      out.set(events.subarray(event * features, (event + 1) * features), at);
      if (draw === 0) continue;
      // "At least one error" by drawing until there is one.
      let numbers = numbersOf(attempt++);
      while (!places.some(({ probability }, p) => numbers[2 * p]! < probability))
        numbers = numbersOf(attempt++);
      places.forEach((place, p) => {
        if (numbers[2 * p]! >= place.probability) return;
        const words = 4 ** place.qubits.length - 1;
        let word = 1 + Math.floor(words * numbers[2 * p + 1]!);
        for (const where of place[side]) {
          // 1 is X, 2 is Z, 3 both, which is Y up to a phase. Two errors at one place undo each other or add up.
          const to = at + features + 2 * where;
          if ((word & 1) === 1) out[to] = Math.PI - out[to]!;
          if ((word & 2) === 2) out[to + 1] = Math.PI - out[to + 1]!;
          word >>= 2;
        }
      });
    }
  }
  return out;
}
