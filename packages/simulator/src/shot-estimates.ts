/** How expectation values and variances are estimated from the shots of measurement settings. */
import { squaredPauli } from '@ketwork/circuit';
import type { Observable, PauliObservable } from '@ketwork/circuit';
import type { Setting } from './settings.ts';
import { observableBasis, place, termBasis } from './settings.ts';
import { meanOf } from './tallies.ts';
import type { Shots } from './tallies.ts';

/** A number estimated from the shots of one setting: the mean of a function of the outcome, or of its square. */
interface Part {
  readonly setting: number;
  readonly observable: Observable;
}

/** How the expectation value (and, for a variance, that of the square) of one observable is put together. */
export interface Estimate {
  readonly mean: readonly Part[];
  readonly constant: number;
  /** Whether all of the observable is read from each shot, so that squares are too. */
  readonly whole: boolean;
  readonly square: readonly Part[];
  readonly squareConstant: number;
}

/** Decides which settings an observable is read from. */
export function estimateOf(
  o: Observable,
  variance: boolean,
  settings: Setting[],
  shots: number,
): Estimate {
  const basis = observableBasis(o);
  if (basis !== undefined) {
    const constant =
      o.type === 'pauli' && basis.size === 0
        ? o.terms.reduce((sum, t) => sum + t.coefficient, 0)
        : 0;
    const mean =
      basis.size === 0 ? [] : [{ setting: place(settings, basis, shots), observable: o }];
    return { mean, constant, whole: true, square: [], squareConstant: constant * constant };
  }
  const sumOf = o as PauliObservable;
  const split = (list: PauliObservable['terms']): { parts: Part[]; constant: number } => {
    const parts: Part[] = [];
    let constant = 0;
    for (const term of list) {
      if (term.paulis.length === 0) constant += term.coefficient;
      else
        parts.push({
          setting: place(settings, termBasis(term), shots),
          observable: { type: 'pauli', terms: [term] },
        });
    }
    return { parts, constant };
  };
  const mean = split(sumOf.terms);
  const square = variance ? split(squaredPauli(sumOf).terms) : { parts: [], constant: 0 };
  return {
    mean: mean.parts,
    constant: mean.constant,
    whole: false,
    square: square.parts,
    squareConstant: square.constant,
  };
}

/** Puts the estimate of an expectation value or variance together from the shots of one example. */
export function estimated(
  estimate: Estimate,
  variance: boolean,
  at: (setting: number) => Shots,
  shots: number,
): number {
  const mean = estimate.constant + total(estimate.mean, at, shots, 1);
  if (!variance) return mean;
  const square = estimate.whole
    ? total(estimate.mean, at, shots, 2)
    : total(estimate.square, at, shots, 1);
  return estimate.squareConstant + square - mean * mean;
}

function total(
  parts: readonly Part[],
  at: (setting: number) => Shots,
  shots: number,
  power: 1 | 2,
): number {
  let sum = 0;
  for (const { setting, observable } of parts) sum += meanOf(observable, power, at(setting), shots);
  return sum;
}
