import type { AsyncEngine, AsyncProgram, Program } from '@ketwork/simulator';
import type { ExpvalMeasurement } from '@ketwork/circuit';
import { gpujs, probeGpu, wgsl } from '@ketwork/gpu';
import { cpu } from '@ketwork/simulator';
import { Random, useSoftwareGpu } from '@ketwork/testing';
import { deviceFailures } from '../../packages/gpu/test/device-fixture.ts';
import { embeddedLayers } from '../harness/circuits.ts';
import { zOn } from '../harness/engines.ts';
import { Judge } from './tally.ts';
import type { Tally } from './tally.ts';

/** Single precision, circuits of a few layers. */
const TOLERANCE = 1e-4;
/** Fewer calls say nothing of memory: shaders are still being compiled. */
const FEWEST = 5000;
/** Growth of memory in MB that counts as a failure: 100,000 calls that leave a kilobyte each would take 100. */
const ALLOWED = 32;
/** Qubits of the circuits that are called again and again. */
const SIZES = [2, 4, 6];

/** Calls of the engines of a GPU without end. */
export interface GpuFuzz {
  /** Makes one call, whose result must be that of the CPU engine; in the first fifth of them now and then on a circuit that was not there before. */
  check(seed: number, tally: Tally): Promise<void>;
  /** Compares the memory of the process with what it was after a fifth of the calls. */
  conclude(tally: Tally): void;
  dispose(): void;
}

interface Kept {
  readonly engine: string;
  readonly qubits: number;
  readonly program: AsyncProgram<'x' | 'w', ExpvalMeasurement>;
  readonly exact: Program<'x' | 'w', ExpvalMeasurement>;
}

/** Opens the engines; a text says why there are none. @param calls how many there will be */
export async function fuzzGpu(calls: number): Promise<GpuFuzz | string> {
  useSoftwareGpu();
  const { webgpu } = await probeGpu();
  if (!webgpu.found) return webgpu.reason;
  const engines: Record<string, AsyncEngine> = {
    wgsl: await wgsl({ force: true }),
    gpujs: await gpujs({ force: true, mode: 'webgpu' }),
  };
  const judge = await cpu();
  const kept = SIZES.flatMap((qubits) => {
    const circuit = embeddedLayers(qubits, 2);
    const measured = zOn(Array.from({ length: qubits }, (_, qubit) => qubit));
    const exact = judge.compile(circuit, measured);
    return Object.entries(engines).map(([engine, of]): Kept => ({
      engine,
      qubits,
      program: of.compile(circuit, measured),
      exact,
    }));
  });
  let count = 0;
  let before: number | undefined;
  return {
    check: async (seed, tally) => {
      const { engine, qubits, program, exact } = kept[seed % kept.length]!;
      const judged = new Judge(tally, seed, TOLERANCE);
      try {
        const random = new Random(seed);
        const batch = 1 + random.integer(4);
        const values = { x: random.normals(batch * qubits), w: random.normals(2 * qubits * 3) };
        if (random.chance(0.5)) {
          judged.compare(`${engine}, values`, await program.run(values), exact.run(values));
        } else {
          const dy = random.normals(batch * qubits);
          // Those by weights alone are made in a way of their own.
          const how = { wrt: random.chance(0.5) ? ['w' as const] : ['x' as const, 'w' as const] };
          const gradients = await program.vjp(values, dy, how);
          for (const [slot, want] of Object.entries(exact.vjp(values, dy, how)))
            judged.compare(`${engine}, gradient`, gradients[slot as 'x' | 'w'], want);
        }
        // Early ones only: what drivers keep of a new circuit's kernels is no memory of calls. gpu.js compiles many for each.
        const fresh = seed % 20 === 0 ? 'wgsl' : seed % 400 === 1 ? 'gpujs' : undefined;
        if (fresh !== undefined && count < calls / 5) {
          const tolerances = { results: TOLERANCE, gradients: TOLERANCE };
          for (const failure of await deviceFailures(engines[fresh]!, [seed], tolerances, 6))
            judged.thrown(`${fresh}: ${failure}`);
        }
      } catch (error) {
        judged.thrown(error);
      }
      judged.close(`${engine}, ${qubits} qubits`);
      if (++count === Math.ceil(calls / 5)) before = megabytes();
    },
    conclude: (tally) => {
      const now = megabytes();
      const grown = before === undefined ? 0 : now - before;
      if (count >= FEWEST && !(grown <= ALLOWED))
        tally.failures.push(`memory has grown by ${grown.toFixed(1)} MB`);
      console.log(
        `${count} calls on ${webgpu.name}: ${now.toFixed(0)} MB, ${grown.toFixed(1)} more than after a fifth of them`,
      );
    },
    dispose: () => {
      for (const engine of Object.values(engines)) engine.dispose();
      judge.dispose();
    },
  };
}

/** Memory of the process, that of drivers included, in MB. */
const megabytes = (): number => process.memoryUsage().rss / 2 ** 20;
