import { UnsupportedError, ValueError } from '@ketwork/base';
import { refuseShots } from '../adjoint.ts';
import { channel, evaluateAngle } from '@ketwork/circuit';
import type { Angle, Circuit, Op, Slot } from '@ketwork/circuit';
import { checkAlive, checkOut, checkVjpOptions } from '../calls.ts';
import { checkProgram, isSampled, readWrt } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type {
  CompileOptions,
  Cotangents,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Program,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from '../contract.ts';
import { AngleTable, CHUNK } from '../cpu/angles.ts';
import { GradientSink } from '../cpu/gradient-sink.ts';
import { jacobianByRows } from '../cpu/jacobian.ts';
import { allocate, checkAddresses } from '../cpu/memory.ts';
import type { EngineMemory } from '../cpu/memory.ts';
import { withShots } from '../shots.ts';
import type { RunWithShots } from '../shots.ts';
import { readCotangents, readValues } from '../values.ts';
import type { SlotValues } from '../values.ts';
import { densityCapabilities } from './capabilities.ts';
import { schedule } from './group.ts';
import type { StageSizes } from './group.ts';
import type { Layout } from './kernel.ts';
import { lower } from './lower.ts';
import { Machine } from './machine.ts';
import type { Plan } from './machine.ts';
import { traceStages } from './module.ts';
import { PauliReadout } from './readout.ts';

/** Chunks of 32 KiB (of two examples 64 KiB), which stay in the nearest caches. */
export const stageSizes: Readonly<Record<Layout, StageSizes>> = {
  packed: { digits: 6, trailing: 2, groups: 64, kept: 2 ** 30 },
  pairs: { digits: 6, trailing: 2, groups: 64, kept: 2 ** 30 },
};

/** Fewest qubits of a packed example: wider than any group. */
const PACKED = 5;

/** A channel whose parameters come from slots. */
interface Checked {
  readonly name: string;
  readonly qubits: number;
  readonly angles: readonly Angle[];
  readonly operation: number;
}

/** A program of the density matrix engine. */
export class DensityProgram<Names extends string, M extends Measurements> implements Program<
  Names,
  M
> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly #checked: CheckedProgram;
  readonly #memory: EngineMemory;
  readonly #withShots: RunWithShots<Names, M> | undefined;
  readonly #angles: AngleTable;
  readonly #plan: Plan;
  readonly #readout: PauliReadout;
  readonly #channels: readonly Checked[];
  readonly #forward: Machine;
  readonly #backward = new Map<string, { machine: Machine; depends: readonly boolean[] }>();
  #disposed = false;

  /** @param sizes how stages are cut, for tests on small circuits */
  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    checked: CheckedProgram,
    memory: EngineMemory,
    sizes: Readonly<Record<Layout, StageSizes>> = stageSizes,
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#checked = checked;
    this.#memory = memory;
    this.#withShots = checked.measurements.some((m) => isSampled(m, options))
      ? withShots(
          (c, m) =>
            new DensityProgram(
              c,
              m,
              {},
              checkProgram(c, m, {}, densityCapabilities),
              memory,
              sizes,
            ),
          circuit,
          measurements,
          options,
        )
      : undefined;
    this.#angles = new AngleTable(circuit);
    // The size of the batch must not decide, or parts of it would differ in the last bits.
    const batched = circuit.slots.some(({ axis }) => axis === 'batch');
    const analytic = this.#withShots === undefined ? checked.measurements : [];
    const none = { elements: [], wires: circuit.qubits, bits: new Map<number, number>() };
    const { elements, wires, bits } =
      this.#withShots === undefined ? lower(circuit, analytic) : none;
    if (wires > densityCapabilities.maxQubits) {
      throw new UnsupportedError(
        `the circuit takes ${wires - circuit.qubits} classical bits besides ${circuit.qubits} qubits, ${wires} in all; the density matrix engine holds ${densityCapabilities.maxQubits}`,
        { remedy: 'Use fewer qubits, read fewer bits, or use trajectories' },
      );
    }
    const layout = batched || wires < PACKED ? 'pairs' : 'packed';
    const steps = schedule(elements, wires, sizes[layout]);
    const traced = traceStages(steps, wires, layout, this.#angles);
    this.#plan = { circuit, wires, layout, steps, traced, kept: sizes[layout].kept };
    this.#readout = new PauliReadout(circuit, analytic, { wires, bits });
    this.#channels = circuit.ops.flatMap(slotChannels);
    this.#forward = new Machine(this.#plan, memory);
    checkAddresses(this.#forward.bytes, false, false);
  }

  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    this.#alive();
    if (this.#withShots !== undefined) return this.#withShots(values, options);
    const slots = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    checkOut(options.out, this.#checked, slots.batch);
    this.#checkChannels(slots);
    const machine = this.#forward;
    this.#reserve(machine, false);
    const results = outputSizes.map((size) => allocate(slots.batch * size));
    this.#eachPair(machine, slots, {
      pair: (examples) => {
        machine.reset(0);
        machine.forward(0, 0, this.#plan.steps.length);
        examples.forEach((example, lane) =>
          this.#readout.read(machine.view(0, lane), example, slots, results, outputSizes),
        );
      },
    });
    if (options.out !== undefined) {
      options.out.set(results[0]!);
      results[0] = options.out;
    }
    return (single ? results[0] : results) as Results<M>;
  }

  /** Calls back for the examples of every chunk, as many at a time as there are lanes. */
  #eachPair(
    machine: Machine,
    slots: SlotValues,
    visit: {
      readonly open?: (start: number, count: number) => void;
      readonly pair: (examples: readonly number[], start: number) => void;
      readonly close?: (count: number) => void;
    },
  ): void {
    const angles = this.#angles;
    angles.evaluate(slots, 'fixed');
    machine.begin(slots, angles);
    for (let start = 0; start < slots.batch; start += CHUNK) {
      const count = Math.min(CHUNK, slots.batch - start);
      angles.evaluate(slots, 'batch', start, count);
      visit.open?.(start, count);
      for (let first = 0; first < count; first += machine.lanes) {
        const examples = [start + first];
        if (machine.lanes === 2 && first + 1 < count) examples.push(start + first + 1);
        // A last example without a partner is computed twice.
        const second = examples.length === 2 ? first + 1 : first;
        machine.turnTo([start + first, start + second], [first, second], angles);
        visit.pair(examples, start);
      }
      visit.close?.(count);
    }
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    checkVjpOptions(options);
    const wrt = this.#differentiable(options.wrt);
    const slots = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    const cotangents = readCotangents(dy, outputSizes, single, slots.batch);
    return this.#backpropagate(slots, wrt, cotangents, options) as Gradients<Names>;
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    const wrt = this.#differentiable(options.wrt);
    const slots = readValues(this.circuit, values);
    return jacobianByRows(slots.batch, this.#checked.outputSizes, wrt, (dy) =>
      this.#backpropagate(slots, wrt, dy, { perExample: true }),
    ) as Gradients<Names>;
  }

  #differentiable(names: readonly Names[] | undefined): Slot[] {
    refuseShots(this.#withShots !== undefined);
    return readWrt(this.circuit, names);
  }

  #backpropagate(
    slots: SlotValues,
    wrt: readonly Slot[],
    dy: readonly (Float64Array | undefined)[],
    options: VjpOptions,
  ): Record<string, Float64Array> {
    this.#checkChannels(slots);
    const { machine, depends } = this.#differentiator(wrt);
    this.#reserve(machine, true);
    const perExample = options.perExample === true || options.squaredNorms === true;
    const sink = new GradientSink(wrt, slots.batch, options);
    const angles = this.#angles;
    const { coefficients } = this.#plan.traced;
    const active = coefficients
      .map(({ node, factor }, index) => ({ node, factor, index }))
      .filter(({ node }) => node >= 0 && depends[node] === true);
    this.#eachPair(machine, slots, {
      open: (start, count) => sink.openChunk(start, count),
      pair: (examples, start) => {
        machine.clearCells();
        new WayBack(machine, this.#plan.steps.length, (vector, cotangent) =>
          examples.forEach((example, lane) =>
            this.#readout.cotangent(
              machine.view(vector, lane),
              machine.view(cotangent, lane),
              example,
              slots,
              dy,
              this.#checked.outputSizes,
              sink,
            ),
          ),
        ).run(sink);
        for (const { node, factor, index } of active) {
          const adjoint = angles.adjoint(node);
          const wide = perExample || angles.isBatch(node);
          examples.forEach((example, lane) => {
            const at = wide ? example - start : 0;
            adjoint[at] = adjoint[at]! + factor * machine.cell(index, lane);
          });
        }
      },
      close: (count) => {
        angles.backpropagate(depends, count, perExample, (slot, element, column) =>
          sink.add(slot, element, column),
        );
        sink.closeChunk();
      },
    });
    return sink.finish();
  }

  #differentiator(wrt: readonly Slot[]): { machine: Machine; depends: readonly boolean[] } {
    const id = wrt.map(({ name }) => name).join('\n');
    let made = this.#backward.get(id);
    if (made === undefined) {
      const depends = this.#angles.dependsOn(new Set(wrt.map(({ name }) => name)));
      const machine = new Machine(
        this.#plan,
        this.#memory,
        ({ node }) => node >= 0 && depends[node] === true,
      );
      made = { machine, depends };
      this.#backward.set(id, made);
    }
    return made;
  }

  /** Refuses parameters of channels that are out of range. */
  #checkChannels(slots: SlotValues): void {
    for (const { name, qubits, angles, operation } of this.#channels) {
      const row = channel(name);
      for (let example = 0; example < slots.batch; example++) {
        const parameters = angles.map((angle) =>
          evaluateAngle(angle, (slot, index) => {
            const found = this.circuit.slots.find((s) => s.name === slot)!;
            const size = found.shape.reduce((a, b) => a * b, 1);
            const start = found.axis === 'batch' ? example * size : 0;
            return slots.get(slot)[start + index]!;
          }),
        );
        row.parameters(qubits).forEach(({ name: parameter, min, max }, i) => {
          const value = parameters[i]!;
          if (value >= min && value <= max) return;
          throw new ValueError(`${name} of example ${example} got ${parameter} = ${value}`, {
            operation,
            remedy: `Use ${min} to ${max}`,
          });
        });
        const conflict = row.conflict?.(parameters);
        if (conflict !== undefined)
          throw new ValueError(`${name} of example ${example}: ${conflict.what}`, {
            operation,
            remedy: conflict.remedy,
          });
      }
    }
  }

  #reserve(machine: Machine, gradient: boolean): void {
    checkAddresses(machine.bytes, gradient, false);
    this.#memory.reserve(machine.bytes);
  }

  explain(): Explanation {
    const { steps, layout, traced } = this.#plan;
    const stages = steps.filter(({ type }) => type === 'stage').length;
    const groups = [...traced.stages.values()].reduce((sum, stage) => sum + stage.groups.length, 0);
    const { qubits } = this.circuit;
    const { wires } = this.#plan;
    return {
      text:
        `density-matrix: ${qubits} qubits, ${this.circuit.ops.length} operations as ${groups} groups in ${stages} stages on ` +
        `${4 ** wires} Pauli coefficients, ${layout === 'pairs' ? 'two examples per vector' : 'one example at a time'}.`,
      details: {
        engine: 'density-matrix',
        regime: this.#withShots === undefined ? layout : 'shots',
        qubits,
        operations: this.circuit.ops.length,
        stages,
        groups,
        bytes: this.#forward.bytes,
      },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    if (this.#withShots !== undefined) return this.#withShots.estimateMemory(batch);
    const results = 8 * batch * this.#checked.outputSizes.reduce((a, b) => a + b, 0);
    const bytes = this.#angles.bytes + results;
    if (options.gradient !== true) return bytes + this.#forward.bytes;
    const wrt = readWrt(this.circuit);
    return bytes + this.#differentiator(wrt).machine.bytes + GradientSink.bytes(wrt, batch);
  }

  dispose(): void {
    this.#disposed = true;
    this.#forward.dispose();
    for (const { machine } of this.#backward.values()) machine.dispose();
    this.#backward.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): void {
    checkAlive(this.#memory.released, 'engine');
    checkAlive(this.#disposed);
  }
}

/** Channels of an operation whose parameters come from slots. */
function slotChannels(op: Op, operation: number): Checked[] {
  if (op.type === 'conditional')
    return [...op.then, ...op.otherwise].flatMap((inner) => slotChannels(inner, operation));
  return op.type === 'channel' && op.angles.some((angle) => typeof angle !== 'number')
    ? [{ name: op.channel, qubits: op.qubits.length, angles: op.angles, operation }]
    : [];
}

/** Goes forward and back through the steps with as many vectors as there are, computing again what was not kept. */
class WayBack {
  readonly #machine: Machine;
  readonly #steps: number;
  readonly #read: (vector: number, cotangent: number) => void;

  /** @param read fills the cotangent from the final vector */
  constructor(machine: Machine, steps: number, read: (vector: number, cotangent: number) => void) {
    this.#machine = machine;
    this.#steps = steps;
    this.#read = read;
  }

  run(sink: GradientSink): void {
    const machine = this.#machine;
    machine.clear(0);
    machine.reset(1);
    const free = Array.from({ length: machine.vectors - 2 }, (_, i) => i + 2);
    this.#back(0, this.#steps + 1, 1, free, sink);
  }

  /**
   * Goes back from step `to` to step `from`, whose vector is `at`; the last step of all is the read-out. Each step is
   * either next to a vector that was kept, or reached again from one as far behind as vectors are left.
   */
  #back(from: number, to: number, at: number, free: number[], sink: GradientSink): void {
    const machine = this.#machine;
    let end = to;
    while (end > from + 1) {
      const count = end - from;
      const vector = free.pop()!;
      const left = free.length;
      const apart = left === 0 ? count - 1 : count <= left + 2 ? 1 : Math.ceil(count / (left + 1));
      machine.copy(at, vector);
      machine.forward(vector, from, from + apart);
      this.#back(from + apart, end, vector, free, sink);
      free.push(vector);
      end = from + apart;
    }
    if (from === this.#steps) this.#read(at, 0);
    else machine.backward(from, at, 0, sink);
  }
}
