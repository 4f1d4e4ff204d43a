/** The calling side of calls that all workers of an engine run together, on one large state. */
import { EnvironmentError } from '@ketwork/base';
import type { Pool } from '@ketwork/base';
import { stopTeam, teamControl } from '../cpu/large/team.ts';
import { SHARED_PAGES } from '../cpu/memory.ts';
import { movable } from './buffers.ts';
import type { ProgramCall, ProgramSpec, Request, Response } from './protocol.ts';

/** All workers of a pool, and the memory they share, which is made for the first call. */
export class TeamPool {
  readonly #pool: Pool<Request, Response>;
  #memory: WebAssembly.Memory | undefined;
  /** Programs that the workers have compiled, unless they died since. */
  readonly #known = new Set<number>();

  constructor(pool: Pool<Request, Response>) {
    this.#pool = pool;
  }

  /** Number of workers. */
  get size(): number {
    return this.#pool.size;
  }

  /**
   * Has all workers run a call. A worker that dies stops the others; it is replaced and the call repeated once.
   * @returns the result, or undefined for a program that workers cannot run together.
   */
  async call(
    program: number,
    spec: ProgramSpec,
    call: ProgramCall,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly result: unknown } | undefined> {
    const known = this.#known.has(program);
    this.#known.add(program);
    let answer = await this.#attempt(program, known ? undefined : spec, call, signal);
    // Once more, with all it takes to compile, for workers that are new.
    if (answer === 'again') answer = await this.#attempt(program, spec, call, signal);
    if (answer !== 'again') return answer;
    throw new EnvironmentError('workers died again while they worked on a large state', {
      remedy: 'Use fewer qubits or fewer threads',
    });
  }

  /** Frees what the workers hold for a program. */
  forget(program: number): void {
    if (!this.#known.delete(program)) return;
    for (let rank = 0; rank < this.#pool.size; rank++)
      this.#pool
        .worker(rank)
        .run({ type: 'dispose', program })
        .catch(() => {});
  }

  async #attempt(
    program: number,
    spec: ProgramSpec | undefined,
    call: ProgramCall,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly result: unknown } | undefined | 'again'> {
    signal?.throwIfAborted();
    const size = this.#pool.size;
    this.#memory ??= new WebAssembly.Memory({ initial: 1, maximum: SHARED_PAGES, shared: true });
    const memory = this.#memory;
    const control = teamControl();
    let giveUp = (): void => {};
    const aborted = new Promise<'aborted'>((resolve) => {
      giveUp = () => resolve('aborted');
    });
    const stop = (): void => {
      stopTeam(control);
      giveUp();
    };
    signal?.addEventListener('abort', stop);
    const places = Array.from({ length: size }, (_, rank) => this.#pool.worker(rank));
    const restarts = places.map((place) => place.restarts);
    // All are asked before anything else is, so that teams meet in the same order everywhere.
    const answers = places.map((place, rank) => {
      const { value, buffers } = movable(call.arguments, true);
      const own = { ...call, arguments: value as unknown[], team: { rank, size, memory, control } };
      const request = { type: 'call', program, call: own, ...(spec && { spec }) } as const;
      const answer = place.run(request, buffers);
      answer.catch(() => stopTeam(control));
      return answer;
    });
    const settled = await Promise.race([Promise.allSettled(answers), aborted]);
    signal?.removeEventListener('abort', stop);
    signal?.throwIfAborted();
    if (settled === 'aborted') throw new EnvironmentError('the call was given up');
    const failures = settled.flatMap((s) => (s.status === 'rejected' ? [s.reason as Error] : []));
    const died = places.some((place, rank) => place.restarts !== restarts[rank]);
    const missing = settled.some((s) => s.status === 'fulfilled' && s.value.type === 'missing');
    if (died || missing) {
      // A new worker in a memory where the last one died begins as all do: the call is repeated from its inputs.
      return 'again';
    }
    const reason = failures.find(({ name }) => name !== 'TeamStopped') ?? failures[0];
    if (reason !== undefined) throw reason;
    const [first] = settled as PromiseFulfilledResult<Response>[];
    if (first?.value.type === 'indivisible') return undefined;
    if (first?.value.type !== 'result')
      throw new EnvironmentError(`the worker answered '${first?.value.type}' to a call`);
    return { result: first.value.result };
  }
}
