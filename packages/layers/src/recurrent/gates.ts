import { fold, sizeOf, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { expval, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { ops } from '@ketwork/nn';
import type { DifferentiableMap, Initializer, Parameter, Tape, Tensor } from '@ketwork/nn';
import { after } from '../maybe-promise.ts';
import { LayerProgram } from '../program.ts';
import type { ProgramOptions } from '../program.ts';
import { initialize, slotRoles } from '../slots.ts';
import type { SlotRoles } from '../slots.ts';

/** A circuit inside a cell: its name, which is that of its parameters, and how many qubits are read. */
export interface GateSpec {
  readonly name: string;
  readonly outputs: number;
}

/** The circuits of a cell with their weights. All have one structure, so gates that read alike share a program. */
export class Gates {
  readonly parameters: readonly Parameter[];
  readonly #programs: ReadonlyMap<number, LayerProgram>;
  readonly #maps = new Map<string, DifferentiableMap>();
  readonly #gates: ReadonlyMap<string, { outputs: number; parameters: readonly Parameter[] }>;
  readonly #kind: string;
  readonly #roles: SlotRoles;

  /**
   * @param rule first values of the weights, by slot name
   * @param inputs how many numbers the circuit takes
   */
  constructor(
    kind: string,
    circuit: Circuit,
    inputs: number,
    specs: readonly GateSpec[],
    rule: (name: string) => Initializer,
    key: Key,
    options: ProgramOptions,
  ) {
    const roles = slotRoles(kind, circuit, undefined, {});
    checkCircuit(kind, circuit, roles, inputs, specs);
    this.#kind = kind;
    this.#roles = roles;
    const widths = [...new Set(specs.map((spec) => spec.outputs))];
    this.#programs = new Map(
      widths.map((width) => {
        const observables = Array.from({ length: width }, (_, qubit) => Z(qubit));
        const measured = expval(...observables);
        return [width, new LayerProgram(kind, circuit, measured, options)] as const;
      }),
    );
    let index = 0;
    this.#gates = new Map(
      specs.map(({ name, outputs }) => {
        const fans = { fanIn: inputs, fanOut: outputs };
        const parameters = roles.weights.map((slot) => {
          const path = `${name}.${slot.name}`;
          return initialize(kind, rule(slot.name), path, slot.shape, fans, key, index++);
        });
        return [name, { outputs, parameters }] as const;
      }),
    );
    this.parameters = [...this.#gates.values()].flatMap((gate) => gate.parameters);
  }

  /** Whether passes need a key. */
  get draws(): boolean {
    return [...this.#programs.values()].some((program) => program.draws);
  }

  get bound(): boolean {
    return [...this.#programs.values()].every((program) => program.bound);
  }

  bind(engine: unknown): void {
    for (const program of this.#programs.values()) program.bind(engine);
  }

  /** Calls for one forward pass. */
  caller(tape: Tape, key: Key | undefined, trainable: boolean): GateCaller {
    const weights = new Map<string, readonly Tensor[]>();
    let calls = 0;
    const weightsOf = (name: string): readonly Tensor[] => {
      let tensors = weights.get(name);
      if (tensors === undefined) {
        tensors = this.#gates.get(name)!.parameters.map((p) => tape.parameter(p, trainable));
        weights.set(name, tensors);
      }
      return tensors;
    };
    return (name, x, steps) => {
      const map = this.#map(this.#gates.get(name)!.outputs, steps);
      const own = this.draws && key !== undefined ? fold(key, calls++) : undefined;
      return ops.external(map, [x, ...weightsOf(name)], own);
    };
  }

  /** The program that reads so many qubits, on one vector or on each step of a sequence. */
  #map(outputs: number, steps: number | undefined): DifferentiableMap {
    const id = `${outputs}/${steps}`;
    let map = this.#maps.get(id);
    if (map === undefined) {
      map = gateMap(this.#kind, this.#programs.get(outputs)!, this.#roles, steps);
      this.#maps.set(id, map);
    }
    return map;
  }
}

/**
 * Records a call of a gate on `[inputs]`, which returns `[outputs]`; with `steps` on `[steps, inputs]`, which returns
 * `[steps, outputs]`.
 */
export type GateCaller = (gate: string, x: Tensor, steps?: number) => Tensor;

/** A program as a map of the tape. The steps of a sequence are examples to the program. */
function gateMap(
  kind: string,
  program: LayerProgram,
  { inputs, weights }: SlotRoles,
  steps: number | undefined,
): DifferentiableMap {
  const data = inputs[0]!;
  const rows = steps ?? 1;
  const width = sizeOf(data.shape);
  const leading = steps === undefined ? [] : [steps];
  const valuesOf = (arrays: readonly Float64Array[]): Record<string, Float64Array> => {
    const values: Record<string, Float64Array> = { [data.name]: arrays[0]! };
    weights.forEach((slot, i) => (values[slot.name] = arrays[i + 1]!));
    return values;
  };
  return {
    name: kind,
    inputs: [
      { axis: 'batch', shape: [...leading, width] },
      ...weights.map(({ shape }) => ({ axis: 'shared' as const, shape })),
    ],
    outputShape: [...leading, program.outputs],
    forward: (arrays, _batch, key) => program.run(valuesOf(arrays), key),
    vjp(arrays, dy, _batch, wants, key) {
      const slots = [data, ...weights];
      const wanted = slots.filter((_, i) => wants[i] !== 'none').map(({ name }) => name);
      if (wanted.length === 0) return slots.map(() => undefined);
      const perExample = wants.includes('perExample');
      return after(program.vjp(valuesOf(arrays), dy, wanted, perExample, key), (bySlot) =>
        slots.map((slot, i) => {
          if (wants[i] === 'none') return undefined;
          const gradient = bySlot[slot.name]!;
          return perExample && i > 0 ? summedRows(gradient, sizeOf(slot.shape), rows) : gradient;
        }),
      );
    },
  };
}

/** Adds up every `rows` consecutive rows of `size` numbers. */
function summedRows(values: Float64Array, size: number, rows: number): Float64Array {
  if (rows === 1) return values;
  const out = new Float64Array(values.length / rows);
  for (let row = 0; row < values.length / size; row++) {
    const place = Math.floor(row / rows) * size;
    for (let i = 0; i < size; i++) out[place + i]! += values[row * size + i]!;
  }
  return out;
}

function checkCircuit(
  kind: string,
  circuit: Circuit,
  { inputs, weights }: SlotRoles,
  size: number,
  specs: readonly GateSpec[],
): void {
  const [data] = inputs;
  if (inputs.length !== 1 || data === undefined || data.kind !== 'scalar') {
    throw new ValueError(`${kind}: the circuit has ${inputs.length} data slots, a gate takes one`, {
      remedy: 'Put features and hidden state into one slot of angles, such as input([4])',
    });
  }
  if (sizeOf(data.shape) !== size) {
    throw new ValueError(
      `${kind}: the circuit takes ${sizeOf(data.shape)} numbers, features and hidden state are ${size}`,
      { remedy: `Give a circuit with a data slot of shape [${size}]` },
    );
  }
  if (weights.length === 0) {
    throw new ValueError(`${kind}: the circuit has no weights, so all gates would be the same`, {
      remedy: "Use a slot such as weight('w', [2, 4, 3]) in the circuit",
    });
  }
  const most = Math.max(...specs.map(({ outputs }) => outputs));
  if (circuit.qubits < most) {
    throw new ValueError(
      `${kind}: the circuit has ${circuit.qubits} qubits, but ${most} are to be read`,
      { remedy: 'Give more qubits or a smaller hidden state' },
    );
  }
}
