// Recipes recorded as plans of gpu.js: forward, and forward and back for gradients. A plan's arrays go up in one piece each
// and its results come back in one.
import type { Handle } from './library.ts';
import { padded } from './recorder.ts';
import type { Condition, LinearMap, Place, Recorder, State } from './recorder.ts';
import type { Numbers, Recipe } from './recipe.ts';

/** Results of a plan by name; see {@link Reader}. */
export type Outputs = Record<string, Handle>;

const EVERYWHERE: Condition = { mask: 0, value: 0 };
const FORWARD = { adjoint: false } as const;

/** The tables of a plan, in the order of its arguments: shared numbers, numbers of each example, weights of each example. */
export type Tables = readonly [shared: Handle, batch: Handle, weights?: Handle];

const placeOf = (recipe: Recipe, { axis, offset }: Numbers, [shared, batch]: Tables): Place =>
  axis === 'batch'
    ? { table: batch, offset, stride: recipe.sizes.batch }
    : { table: shared, offset, stride: 0 };

/** @param exact whether every step makes the state that the circuit has there, phases and all, as gradients need it */
function finalState(recorder: Recorder, recipe: Recipe, tables: Tables, exact: boolean): State {
  const { prepared, steps, leading } = recipe;
  const states = prepared.map(({ positions, numbers, step }) => {
    return { positions, place: placeOf(recipe, numbers, tables), step };
  });
  const first = steps[leading];
  let state = recorder.start(states, first?.type === 'gather' ? first.source : undefined);
  // How amplitudes are to be moved, which the next matrix does.
  let map: LinearMap | undefined;
  for (const step of steps.slice(first?.type === 'gather' ? leading + 1 : leading)) {
    if (step.type === 'matrix') {
      const { positions, condition, numbers } = step;
      const real = exact ? undefined : step.real;
      const place =
        real === undefined
          ? placeOf(recipe, numbers, tables)
          : { table: tables[0], offset: real.matrix, stride: 0 };
      const kind = { real: real !== undefined, phases: real?.phases };
      state = recorder.matrix(state, positions, place, { condition, ...FORWARD, map, ...kind });
      map = undefined;
      continue;
    }
    if (map !== undefined) state = recorder.gather(state, map);
    map = step.type === 'gather' ? step.source : undefined;
    if (step.type === 'diagonal')
      state = recorder.diagonal(state, step.parts, placeOf(recipe, step.numbers, tables), false);
  }
  return map === undefined ? state : recorder.gather(state, map);
}

/** Records a run: what is read of the final state. */
export function recordRun(recorder: Recorder, recipe: Recipe, tables: Tables): Outputs {
  const state = finalState(recorder, recipe, tables, false);
  const outputs: Outputs = {};
  if (recipe.strings.words.length > 0)
    outputs['strings'] = recorder.strings(state, recipe.strings.words);
  recipe.marginals.forEach(({ positions }, i) => {
    outputs[`marginal${i}`] = recorder.probabilities(state, positions);
  });
  recipe.densities.forEach(({ positions }, i) => {
    outputs[`density${i}`] = recorder.outer(state, state, positions, EVERYWHERE);
  });
  if (recipe.state !== undefined) addState(recorder, outputs, 'state', state);
  return outputs;
}

function addState(recorder: Recorder, outputs: Outputs, name: string, state: State): void {
  const [re, im] = recorder.amplitudes(state);
  outputs[`${name}Re`] = re;
  outputs[`${name}Im`] = im;
}

/** What a gradient plan reads besides the sums of its steps. */
export interface Ends {
  /** λ at the start of the circuit. */
  readonly start: boolean;
  /** ψ at its end. */
  readonly end: boolean;
}

/** Records a gradient by the adjoint method (Jones and Gacon, arXiv:2009.02823): Σ ψ λ† before every step with parameters. */
export function recordGradient(
  recorder: Recorder,
  recipe: Recipe,
  tables: Tables,
  ends: Ends,
): Outputs {
  let state = finalState(recorder, recipe, tables, true);
  const outputs: Outputs = {};
  if (ends.end) addState(recorder, outputs, 'end', state);
  let lambda = costate(recorder, recipe, state, tables[2]!);
  // How amplitudes are to be moved, which the next matrix does.
  let map: LinearMap | undefined;
  const settle = (): void => {
    if (map === undefined) return;
    state = recorder.gather(state, map);
    lambda = recorder.gather(lambda, map);
    map = undefined;
  };
  const first = ends.start
    ? 0
    : recipe.steps.findIndex((step) => step.type !== 'gather' && step.cells !== undefined);
  for (
    let s = recipe.steps.length - 1;
    s >= Math.max(0, first) && (first >= 0 || ends.start);
    s--
  ) {
    const step = recipe.steps[s]!;
    if (step.type === 'gather') {
      settle();
      map = step.target;
      continue;
    }
    const place = placeOf(recipe, step.numbers, tables);
    if (step.type === 'matrix') {
      const options = { condition: step.condition, adjoint: true, map };
      state = recorder.matrix(state, step.positions, place, options);
      lambda = recorder.matrix(lambda, step.positions, place, options);
      map = undefined;
      if (step.cells !== undefined)
        outputs[`cells${s}`] = recorder.outer(state, lambda, step.positions, step.condition);
      continue;
    }
    settle();
    // Phases cancel in ψ λ*.
    if (step.cells !== undefined)
      outputs[`cells${s}`] = recorder.partSums(state, lambda, step.parts);
    state = recorder.diagonal(state, step.parts, place, true);
    lambda = recorder.diagonal(lambda, step.parts, place, true);
  }
  settle();
  if (ends.start) addState(recorder, outputs, 'start', lambda);
  return outputs;
}

/** λ = Σ weight · O ψ. */
function costate(recorder: Recorder, recipe: Recipe, state: State, weights: Handle): State {
  const at = ({ start }: { readonly start: number }): Place => ({
    table: weights,
    offset: start,
    stride: recipe.record,
  });
  const terms: State[] = [];
  const { words, section } = recipe.strings;
  if (words.length > 0) terms.push(recorder.words(state, words, at(section)));
  for (const marginal of recipe.marginals)
    terms.push(recorder.weighted(state, marginal.positions, at(marginal.section)));
  for (const density of recipe.densities) {
    const options = { condition: EVERYWHERE, ...FORWARD };
    terms.push(recorder.matrix(state, density.positions, at(density.section), options));
  }
  if (recipe.state !== undefined) {
    const positions = Array.from({ length: recipe.qubits }, (_, i) => recipe.qubits - 1 - i);
    terms.push(recorder.start([{ positions, place: at(recipe.state), step: 2 }]));
  }
  return terms.reduce((a, b) => recorder.add(a, b));
}

/** What a plan read back, by name, flat. */
export type Reader = (name: string) => Float32Array;

/** Puts what a run read together: the record of each of `count` examples. */
export function readRecords(recipe: Recipe, read: Reader, count: number): Float32Array {
  const out = new Float32Array(count * recipe.record);
  const put = (name: string, start: number, size: number, width: number): void => {
    const values = read(name);
    for (let e = 0; e < count; e++)
      out.set(values.subarray(e * width, e * width + size), e * recipe.record + start);
  };
  const { words, section } = recipe.strings;
  if (words.length > 0) put('strings', section.start, section.size, padded(words.length));
  recipe.marginals.forEach(({ section: { start, size } }, i) =>
    put(`marginal${i}`, start, size, size),
  );
  recipe.densities.forEach(({ section: { start, size } }, i) =>
    put(`density${i}`, start, size, size),
  );
  if (recipe.state !== undefined) {
    const state = readState(recipe, read, 'state', count);
    const { start, size } = recipe.state;
    for (let e = 0; e < count; e++)
      out.set(state.subarray(e * size, (e + 1) * size), e * recipe.record + start);
  }
  return out;
}

/** A state that was read, `[count, 2^n, 2]`. */
export function readState(recipe: Recipe, read: Reader, name: string, count: number): Float32Array {
  const size = count * 2 ** recipe.qubits;
  const re = read(`${name}Re`);
  const im = read(`${name}Im`);
  const out = new Float32Array(2 * size);
  for (let i = 0; i < size; i++) {
    out[2 * i] = re[i]!;
    out[2 * i + 1] = im[i]!;
  }
  return out;
}

/** Gradient sums that were read, `[count, recipe.cells]`. */
export function readCells(recipe: Recipe, read: Reader, count: number): Float32Array {
  const out = new Float32Array(count * recipe.cells);
  recipe.steps.forEach((step, s) => {
    if (step.type === 'gather' || step.cells === undefined) return;
    const values = read(`cells${s}`);
    if (step.type === 'matrix') {
      const size = 2 * 4 ** step.positions.length;
      for (let e = 0; e < count; e++)
        out.set(values.subarray(e * size, (e + 1) * size), e * recipe.cells + step.cells);
      return;
    }
    // Imaginary parts only; the host takes nothing else.
    const size = 2 * step.parts.length;
    const width = 2 * padded(step.parts.length);
    for (let e = 0; e < count; e++)
      for (let i = 0; i < size; i++)
        out[e * recipe.cells + step.cells + 2 * i + 1] = values[e * width + i]!;
  });
  return out;
}
