import {
  circuit,
  cpu,
  expval,
  forward,
  hybridParallel,
  input,
  normal,
  key,
  weight,
  Y,
} from 'ketwork';
import type { Engine } from 'ketwork';
import { CIRCUITS } from './models.ts';

/** How far the circuits are from what is known about them. */
export interface CircuitChecks {
  /** Largest difference of ⟨Y⟩ after a bare RX(x) from -sin x. */
  readonly minusSine: number;
  /** Largest entry of the Jacobian outside its blocks, and the smallest norm of a block, by differences. */
  readonly offDiagonal: number;
  readonly diagonal: number;
  /** Circuits in each call of the engine for a batch. */
  readonly jobs: readonly number[];
}

/** Batch for which calls of the engine are counted. */
export const CHECK_BATCH = 64;

/** Checks ⟨Y⟩ = -sin x, the independence of the circuits, and that they run as one batch. */
export async function checkCircuits(): Promise<CircuitChecks> {
  const engine = await cpu();
  const bare = circuit(5, { x: input([5]), w: weight([5, 3]) }, (q, { x, w }) => {
    for (let i = 0; i < 5; i++) q.rx(x.at(i), i).rot(w.at(i, 0), w.at(i, 1), w.at(i, 2), i);
  });
  const measure = expval(Y(0), Y(1), Y(2), Y(3), Y(4));
  const x = normal(key(1), 100);
  const values = engine.compile(bare, measure).run({ x, w: new Float64Array(15) });
  const minusSine = Math.max(...values.map((value, i) => Math.abs(value + Math.sin(x[i]!))));

  const jobs: number[] = [];
  const network = hybridParallel({ circuits: CIRCUITS }).build([5 * CIRCUITS], key(2));
  network.bind!(counting(engine, jobs));
  const size = 5 * CIRCUITS;
  const step = 1e-4;
  const point = normal(key(3), size);
  const rows = Float64Array.from({ length: 2 * size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    const moved = row >> 1 === column ? (row % 2 === 0 ? step : -step) : 0;
    return point[column]! + moved;
  });
  const outputs = await forward(network, rows);
  let offDiagonal = 0;
  let diagonal = Infinity;
  for (let column = 0; column < size; column++) {
    let norm = 0;
    for (let row = 0; row < size; row++) {
      const slope =
        (outputs[2 * column * size + row]! - outputs[(2 * column + 1) * size + row]!) / (2 * step);
      if (Math.floor(row / 5) === Math.floor(column / 5)) norm = Math.hypot(norm, slope);
      else offDiagonal = Math.max(offDiagonal, Math.abs(slope));
    }
    diagonal = Math.min(diagonal, norm);
  }
  jobs.length = 0;
  await forward(network, normal(key(4), CHECK_BATCH * size));
  return { minusSine, offDiagonal, diagonal, jobs };
}

/** The engine, with a note of how many circuits each run of a program has. */
function counting(engine: Engine, jobs: number[]): Engine {
  const compile = ((...args: Parameters<Engine['compile']>) => {
    const program = engine.compile(...args);
    return new Proxy(program, {
      get(target, name) {
        if (name !== 'run') return Reflect.get(target, name) as unknown;
        return (values: { readonly x: ArrayLike<number> }, ...rest: unknown[]) => {
          jobs.push(values.x.length / 5);
          return (target.run as (...all: unknown[]) => unknown)(values, ...rest);
        };
      },
    });
  }) as Engine['compile'];
  return { ...engine, compile };
}
