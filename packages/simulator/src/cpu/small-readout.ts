/** Read-outs of very few amplitudes, written out straight instead of calling the general functions. */
import { valueType } from '@ketwork/base';
import type { VectorCode } from './arithmetic.ts';
import { parity } from '../bits.ts';
import type { DiagonalEntry } from './readout.ts';

/** Where a small read-out finds its data. */
export interface SmallReadout {
  readonly qubits: number;
  /** Local with the address of psi. */
  readonly state: number;
  /** Local with the address of the columns: results, or cotangents. */
  readonly columns: number;
  readonly entries: readonly DiagonalEntry[];
  /** Pushes the weight of an entry, in both lanes. */
  readonly pushWeight: (entry: DiagonalEntry) => void;
}

/** Whether writing the read-out straight is worth it. */
export const isSmall = (qubits: number, entries: readonly DiagonalEntry[]): boolean =>
  qubits <= 3 && entries.length <= 4;

/** Writes the columns: sums of signed probabilities times weights. */
export function writeSmallMeans(f: VectorCode, at: SmallReadout): void {
  const size = 2 ** at.qubits;
  const part = f.local(valueType.v128);
  const probabilities = Array.from({ length: size }, (_, a) => {
    const p = f.local(valueType.v128);
    f.get(at.state)
      .load(32 * a)
      .tee(part)
      .get(part)
      .mul();
    f.addProduct(() =>
      f
        .get(at.state)
        .load(32 * a + 16)
        .tee(part)
        .get(part),
    ).set(p);
    return p;
  });
  for (const column of new Set(at.entries.map((entry) => entry.column))) {
    f.get(at.columns);
    at.entries
      .filter((entry) => entry.column === column)
      .forEach((entry, i) => {
        // Amplitude 0 always enters with a plus sign.
        probabilities.forEach((p, a) => {
          f.get(p);
          if (a === 0) return;
          if (parity(a & entry.mask) === 1) f.sub();
          else f.add();
        });
        at.pushWeight(entry);
        f.mul();
        if (i > 0) f.add();
      });
    f.store(16 * column);
  }
}

/** Writes lambda = (Σ ± weight · dy) psi, amplitude by amplitude; it lies `32 << qubits` bytes behind psi. */
export function writeSmallSeed(f: VectorCode, at: SmallReadout): void {
  const size = 2 ** at.qubits;
  const shares = at.entries.map((entry) => {
    const share = f.local(valueType.v128);
    f.get(at.columns).load(16 * entry.column);
    at.pushWeight(entry);
    f.mul().set(share);
    return share;
  });
  const weight = f.local(valueType.v128);
  for (let a = 0; a < size; a++) {
    shares.forEach((share, i) => {
      const negative = parity(a & (at.entries[i] as DiagonalEntry).mask) === 1;
      f.get(share);
      if (i === 0 && negative) f.neg();
      if (i > 0 && negative) f.sub();
      else if (i > 0) f.add();
    });
    f.set(weight);
    for (const part of [0, 16]) {
      f.get(at.state)
        .get(at.state)
        .load(32 * a + part)
        .get(weight)
        .mul()
        .store(32 * (size + a) + part);
    }
  }
}
