/** Assembles the module of a program on a large state: kernels, a function per stage, and the read-outs. */
import { widen } from '@ketwork/base';
import type { FunctionBuilder } from '@ketwork/base';
import type { ExplainedStage } from '../../contract.ts';
import { laneQubitsOf } from '../arithmetic.ts';
import type { Numerics } from '../arithmetic.ts';
import { ConstantData } from '../constant-data.ts';
import { coefficientsOf, support } from '../element.ts';
import type { Coefficient, Element } from '../element.ts';
import { kernelId } from '../kernel-spec.ts';
import type { KernelSpec } from '../kernel-spec.ts';
import type { Lowered } from '../lower.ts';
import { MainCode } from '../main-code.ts';
import { SHARED_PAGES } from '../memory.ts';
import type { EngineMemory } from '../memory.ts';
import type { Weight } from '../main-code.ts';
import { isDense } from '../group.ts';
import { link } from '../link.ts';
import type { LinkedFunction } from '../link.ts';
import type { GradientWants } from '../module.ts';
import { writeReadout, writeSeed } from '../readout-code.ts';
import type { Readout } from '../readout.ts';
import { fixedFunctions, kernelOnce } from '../written.ts';
import { Coefficients, localize } from './chunk.ts';
import { isReadable, packReadout } from './packed-readout.ts';
import type { PackedReadout } from './packed-readout.ts';
import { scheduleStage } from './schedule.ts';
import type { Work } from './schedule.ts';
import { packedBytes, writeStage } from './stage-code.ts';
import { planStages } from './stages.ts';
import type { Stage } from './stages.ts';

/** From how many qubits on a state is worked on chunk by chunk, and how many of them a chunk has. */
export interface LargeSizes {
  readonly from: number;
  readonly local: number;
  /** 64-bit addresses whatever the size, for tests. */
  readonly wide?: boolean;
}

/** A chunk of 128 KiB, and its lambda, stay in the second-level cache. */
export const largeSizes: Readonly<Record<Numerics['precision'], LargeSizes>> = {
  f64: { from: 14, local: 13 },
  f32: { from: 14, local: 14 },
};
/** Register qubits of a group: the backward pass holds two states. */
const FORWARD_REGISTER = 3;
const BACKWARD_REGISTER = 2;

/** A compiled module with what its caller needs to know. */
export interface LargeModule {
  /** Whether it also walks back. */
  readonly gradient: boolean;
  readonly module: WebAssembly.Module;
  readonly constants: Uint8Array;
  readonly scratchBytes: number;
  /** Bytes of a chunk, and its lambda. */
  readonly chunkBytes: number;
  readonly readout: PackedReadout;
  /** One value per run each, in the order of kernels' indices. */
  readonly coefficients: readonly Coefficient[];
  /** Coefficients of the circuit that these are made of; undefined for constants. */
  readonly uses: readonly (Coefficient | undefined)[];
  /** Elements of the circuit with coefficients, in the order in which the backward pass undoes them. */
  readonly undone: readonly Element[];
  /** Constants whose signs depend on the run. */
  readonly weights: readonly Weight[];
  /** Largest number of coefficients that depend on the chunk, in any stage. */
  readonly chunkCoefficients: number;
  readonly chunks: number;
  readonly forward: readonly string[];
  /** The stages of the way forward. */
  readonly stages: readonly ExplainedStage[];
  readonly backward: readonly string[];
  readonly kernels: number;
  readonly codeBytes: number;
}

/** Whether a program runs chunk by chunk. */
export function isLarge(
  { qubits, elements }: Lowered,
  readout: Readout,
  sizes: LargeSizes,
  numerics: Numerics,
): boolean {
  return (
    qubits >= sizes.from &&
    isReadable(readout) &&
    // Exchanging qubits of the lanes with addresses takes spare ones.
    elements.every(
      (element) =>
        !isDense(element) &&
        element.type !== 'table' &&
        support(element).length <= sizes.local - laneQubitsOf(numerics),
    )
  );
}

/** Builds the module: forward only, or with the way back for what `wants` names. */
export function buildLargeModule(
  lowered: Lowered,
  readout: Readout,
  wants: GradientWants | undefined,
  sizes: LargeSizes,
  memory: Pick<EngineMemory, 'shared' | 'wide'>,
  numerics: Numerics,
): LargeModule {
  return new LargeWriter(lowered, readout, numerics).build(wants, sizes, memory);
}

class LargeWriter {
  readonly #lowered: Lowered;
  readonly #packed: PackedReadout;
  readonly #coefficients: Coefficients;
  readonly #constants: ConstantData;
  readonly #numerics: Numerics;
  /** How many qubits lie in the lanes. */
  readonly #inLanes: number;
  readonly #functions: LinkedFunction[];
  readonly #kernels = new Map<FunctionBuilder, number>();
  readonly #undone: Element[] = [];
  #chunkCoefficients = 0;
  readonly #stages: ExplainedStage[] = [];

  constructor(lowered: Lowered, readout: Readout, numerics: Numerics) {
    this.#numerics = numerics;
    this.#inLanes = laneQubitsOf(numerics);
    this.#constants = new ConstantData(numerics);
    this.#functions = [...fixedFunctions(numerics, true)];
    this.#lowered = lowered;
    this.#packed = packReadout(readout, this.#inLanes);
    this.#coefficients = new Coefficients(lowered);
  }

  build(
    wants: GradientWants | undefined,
    sizes: LargeSizes,
    { shared, wide }: Pick<EngineMemory, 'shared' | 'wide'>,
  ): LargeModule {
    const { qubits, elements } = this.#lowered;
    const stages = planStages(elements, qubits, this.#inLanes, Math.min(sizes.local, qubits));
    const forward = stages.map((stage, i) => this.#stage(`f${i}`, stage, undefined));
    let backward: string[] = [];
    if (wants !== undefined) {
      const wanted = ({ node }: Coefficient): boolean => wants.nodes[node] === true;
      // What lies before the first wanted coefficient need not be undone.
      const first = wants.amplitudes
        ? 0
        : stages.findIndex(({ items }) =>
            items.some(({ element }) => coefficientsOf(element).some(wanted)),
          );
      backward = (first < 0 ? [] : stages.slice(first))
        .toReversed()
        .map((stage, i) => this.#stage(`b${i}`, stage, wanted));
    }
    const inLanes = this.#inLanes;
    const addressed = qubits - inLanes;
    const main = (): MainCode => new MainCode(addressed, this.#numerics, this.#constants, inLanes);
    const read = main();
    const plan = {
      lowered: { ...this.#lowered, qubits: addressed },
      readout: this.#packed.readout,
    };
    writeReadout(read, plan);
    this.#functions.push({ name: 'read', body: read.main });
    const seed = main();
    if (wants !== undefined) {
      writeSeed(seed, plan);
      this.#functions.push({ name: 'seed', body: seed.main });
    }
    const memory = {
      minimum: 1,
      ...(shared && { maximum: SHARED_PAGES, shared }),
      ...(wide && { widen }),
    };
    const { module, codeBytes } = link(this.#functions, true, memory);
    const local = stages[0]?.local.length ?? qubits;
    return {
      gradient: wants !== undefined,
      module,
      constants: this.#constants.bytes.slice(),
      scratchBytes: Math.max(read.scratchBytes, seed.scratchBytes),
      chunkBytes: packedBytes(local, this.#numerics) * (wants === undefined ? 1 : 2),
      readout: this.#packed,
      coefficients: this.#coefficients.base,
      uses: this.#coefficients.uses,
      undone: this.#undone,
      weights: [...read.weights, ...seed.weights],
      chunkCoefficients: this.#chunkCoefficients,
      chunks: 2 ** (qubits - local),
      forward,
      backward,
      stages: this.#stages.slice(0, stages.length),
      kernels: this.#kernels.size,
      codeBytes,
    };
  }

  #stage(
    name: string,
    { local, items }: Stage,
    wanted: ((coefficient: Coefficient) => boolean) | undefined,
  ): string {
    const backward = wanted !== undefined;
    const { qubits } = this.#lowered;
    this.#coefficients.openStage();
    const elements = (backward ? items.toReversed() : items).map((item) =>
      localize(item, local, qubits, this.#coefficients),
    );
    const size = backward ? BACKWARD_REGISTER : FORWARD_REGISTER;
    const work = scheduleStage(elements, local.length, this.#inLanes, size);
    if (backward) this.#remember(work);
    const { chunk } = this.#coefficients;
    this.#chunkCoefficients = Math.max(this.#chunkCoefficients, chunk.length);
    let [flops, bytes] = [0, 0];
    const body = writeStage(work, {
      local,
      qubits,
      backward,
      numerics: this.#numerics,
      chunk,
      wants: wanted ?? ((): boolean => false),
      kernel: (spec) => this.#kernel(spec),
      doubles: (values) => this.#constants.numbers(values),
      integers: (values) => this.#constants.integers(values),
      count: (operations, moved) => {
        flops += operations;
        bytes += moved;
      },
    });
    this.#stages.push({
      qubits: local,
      elements: items.length,
      groups: work.filter(({ type }) => type === 'group').length,
      renamed: work.filter(({ type }) => type === 'flip').length,
      flops,
      bytes,
    });
    this.#functions.push({ name, body });
    return name;
  }

  /** Notes the order in which elements are undone. */
  #remember(work: readonly Work[]): void {
    for (const entry of work) {
      if (entry.type !== 'group') continue;
      for (const element of entry.group.elements) {
        if (element.type === 'matrix' || element.type === 'table') continue;
        const use = this.#coefficients.uses[element.coefficient.source];
        if (use !== undefined) this.#undone.push({ ...element, coefficient: use });
      }
    }
  }

  #kernel(spec: KernelSpec): number {
    const body = kernelOnce(kernelId(spec), spec, this.#numerics);
    let kernel = this.#kernels.get(body);
    if (kernel === undefined) {
      kernel = this.#functions.push({ body }) - 1;
      this.#kernels.set(body, kernel);
    }
    return kernel;
  }
}
