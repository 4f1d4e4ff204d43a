/** Runs and differentiates a program on a large state, example by example. */
import type { Circuit, Slot } from '@ketwork/circuit';
import type { ExplainedPass, ExplainedStage, Explanation } from '../../contract.ts';
import type { SlotValues } from '../../values.ts';
import { CHUNK } from '../angles.ts';
import type { BatchCotangents } from '../cotangents.ts';
import { count, several } from '../explain.ts';
import { GradientSink } from '../gradient-sink.ts';
import type { Lowered } from '../lower.ts';
import type { EngineMemory } from '../memory.ts';
import type { GradientWants } from '../module.ts';
import type { Plan, PlannedModules } from '../plan.ts';
import { exchangeOutcomes } from '../readout.ts';
import type { Readout, ResultPlan } from '../readout.ts';
import { LargeExecutor, memoryFor } from './executor.ts';
import { buildLargeModule } from './module.ts';
import type { LargeSizes } from './module.ts';
import { LargePreparation } from './preparation.ts';

/** What a call differentiates by, and how. */
export interface LargeGradient {
  readonly wrt: readonly Slot[];
  readonly perExample: boolean;
  readonly squaredNorms: boolean;
  /** Arrays that gradients of examples may be written into, by slot. */
  readonly reuse: Readonly<Record<string, Float64Array | undefined>>;
}

/** The part of a CPU program that works chunk by chunk. */
export class LargeProgram {
  readonly #lowered: Lowered;
  readonly #readout: Readout;
  readonly #modules: PlannedModules;
  readonly #memory: EngineMemory;
  readonly #sizes: LargeSizes;
  /** Operations as written. */
  readonly #operations: number;
  readonly #preparation: LargePreparation;
  #forward: LargeExecutor | undefined;
  readonly #backward = new Map<string, LargeExecutor>();

  constructor(
    circuit: Circuit,
    { lowered, readout, modules }: Plan,
    memory: EngineMemory,
    sizes: LargeSizes,
  ) {
    this.#modules = modules;
    this.#sizes = sizes;
    this.#operations = circuit.ops.length;
    this.#preparation = new LargePreparation(lowered.preparations, circuit);
    this.#lowered = lowered;
    this.#readout = readout;
    this.#memory = memory;
  }

  /** The module that runs forward. */
  get runner(): LargeExecutor {
    this.#forward ??= this.#executor(undefined);
    return this.#forward;
  }

  /** Fills the results of all measurements, sizes being numbers per example. */
  evaluate(
    slots: SlotValues,
    results: readonly Float64Array[],
    sizes: readonly number[],
    plans: readonly ResultPlan[],
  ): void {
    const { runner } = this;
    const means = new Float64Array(Math.max(...sizes));
    this.#each(slots, (example, position) => {
      runner.forward(slots, example, position);
      runner.read();
      const own = this.#lowered.folded ? exchangeOutcomes(this.#readout, runner.flips) : undefined;
      (own?.results ?? plans).forEach((plan, m) => {
        const result = results[m] as Float64Array;
        const size = sizes[m] as number;
        const start = example * size;
        if (plan.type === 'state') {
          runner.copyState(result, start);
          return;
        }
        if (plan.type === 'columns') {
          runner.columns(plan.columns, result, start);
          return;
        }
        runner.columns(plan.means, means, 0);
        runner.columns(plan.squares, result, start);
        for (let i = 0; i < size; i++)
          result[start + i] = (result[start + i] as number) - (means[i] as number) ** 2;
      });
    });
  }

  /** Columns of all examples, `[batch, columns]`. */
  columns(slots: SlotValues): Float64Array {
    const { runner } = this;
    const { columns } = this.#readout;
    const out = new Float64Array(slots.batch * columns);
    const all = Array.from({ length: columns }, (_, column) => column);
    this.#each(slots, (example, position) => {
      runner.forward(slots, example, position);
      runner.read();
      runner.columns(all, out, example * columns);
    });
    return out;
  }

  /** Gradients of all examples. */
  backpropagate(
    slots: SlotValues,
    { wrt, perExample, squaredNorms, reuse }: LargeGradient,
    cotangents: BatchCotangents,
  ): Record<string, Float64Array> {
    const { angles, folded } = this.#lowered;
    const wide = perExample || squaredNorms;
    const sink = new GradientSink(wrt, slots.batch, { perExample, squaredNorms, reuse });
    const depends = angles.dependsOn(new Set(wrt.map(({ name }) => name)));
    const executor = this.#differentiator(wrt, depends);
    const { coefficients } = executor.built;
    const embedded = wrt.some(({ kind }) => kind === 'amplitudes');
    const close = (count: number): void => {
      angles.backpropagate(depends, count, wide, (slot, element, column) =>
        sink.add(slot, element, column),
      );
      sink.closeChunk();
    };
    this.#each(
      slots,
      (example, position) => {
        executor.forward(slots, example, position);
        const own = folded ? exchangeOutcomes(this.#readout, executor.flips) : undefined;
        executor.backward((add) => cotangents.each(example, add, own), this.#readout.columns);
        if (embedded)
          this.#preparation.addGradients((index) => executor.lambda(index), sink, example);
        const cells = executor.cells();
        coefficients.forEach(({ node }, i) => {
          if (depends[node] !== true) return;
          const adjoint = angles.adjoint(node);
          const at = wide || angles.isBatch(node) ? position : 0;
          adjoint[at] = (adjoint[at] as number) + executor.factor(i) * (cells[i] as number);
        });
      },
      (start, count) => sink.openChunk(start, count),
      close,
    );
    return sink.finish();
  }

  /** Bytes of the engine's memory that differentiating takes. */
  gradientBytes(wrt: readonly Slot[]): number {
    const depends = this.#lowered.angles.dependsOn(new Set(wrt.map(({ name }) => name)));
    return this.#differentiator(wrt, depends).bytes;
  }

  #differentiator(wrt: readonly Slot[], nodes: readonly boolean[]): LargeExecutor {
    const id = wrt.map(({ name }) => name).join('\n');
    let made = this.#backward.get(id);
    if (made === undefined) {
      const wants = { nodes, amplitudes: wrt.some(({ kind }) => kind === 'amplitudes') };
      made = this.#executor(wants, `gradient ${id}`);
      this.#backward.set(id, made);
    }
    return made;
  }

  /** Where states, and lambda for gradients, are kept. */
  memory(gradient: boolean): EngineMemory {
    return memoryFor(this.#memory, this.#lowered.qubits, gradient, this.#sizes);
  }

  #executor(wants: GradientWants | undefined, name = 'run'): LargeExecutor {
    const memory = this.memory(wants !== undefined);
    const { shared, wide, numerics } = memory;
    const built = this.#modules.once(
      `${name} ${shared ? 'shared' : 'alone'} ${wide ? 'wide' : 'narrow'}`,
      () => buildLargeModule(this.#lowered, this.#readout, wants, this.#sizes, memory, numerics),
    );
    return new LargeExecutor(this.#lowered, this.#readout, memory, this.#preparation, built);
  }

  /** Evaluates angles chunk by chunk and goes through the examples of each. */
  #each(
    slots: SlotValues,
    work: (example: number, position: number) => void,
    open?: (start: number, count: number) => void,
    close?: (count: number) => void,
  ): void {
    const { angles } = this.#lowered;
    for (let start = 0; start < slots.batch; start += CHUNK) {
      const count = Math.min(CHUNK, slots.batch - start);
      angles.evaluate(slots, 'fixed');
      angles.evaluate(slots, 'batch', start, count);
      open?.(start, count);
      for (let position = 0; position < count; position++) work(start + position, position);
      close?.(count);
    }
  }

  /** Says how the program runs, in words and as data. */
  explain(passes: readonly ExplainedPass[]): Explanation {
    const { built, bytes } = this.runner;
    const { qubits, elements } = this.#lowered;
    const { precision } = this.#memory.numerics;
    const { stages, kernels, chunks, codeBytes } = built;
    const sum = (of: (stage: ExplainedStage) => number): number =>
      stages.reduce((total, stage) => total + of(stage), 0);
    const groups = sum((stage) => stage.groups);
    const renamed = sum((stage) => stage.renamed);
    const flops = sum((stage) => stage.flops);
    return {
      text:
        `cpu: ${qubits} qubits${precision === 'f64' ? '' : ' in single precision'}, one example at a time, ` +
        `the last ${precision === 'f64' ? 'qubit' : 'two qubits'} in the lanes; ${several(this.#operations, 'operation')} as written, ` +
        `${elements.length} after the compiler's passes, in ${several(stages.length, 'stage')} over ` +
        `${several(chunks, 'chunk')}: ${several(groups, 'group')} ` +
        `(${several(kernels, 'kernel')}), ${several(renamed, 'flip')} by renaming, ${count(flops)} operations on numbers; ` +
        `${(bytes / 2 ** 20).toFixed(0)} MiB.`,
      details: {
        engine: 'cpu',
        regime: 'large state',
        precision,
        qubits,
        operations: this.#operations,
        elements: elements.length,
        stages: stages.length,
        chunks,
        groups,
        renamed,
        kernels,
        codeBytes,
        flops,
        moved: sum((stage) => stage.bytes),
        bytes,
      },
      passes,
      stages,
    };
  }

  /** Forgets the modules. */
  dispose(): void {
    this.#forward = undefined;
    this.#backward.clear();
  }
}
