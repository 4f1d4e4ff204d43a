/** A worker's side of calls that all workers run together on one state. */
import { numericsOf } from '../cpu/arithmetic.ts';
import { CpuEngine } from '../cpu/engine.ts';
import { stopTeam, Team } from '../cpu/large/team.ts';
import type { TeamPlace } from '../cpu/large/team.ts';
import { EngineMemory } from '../cpu/memory.ts';
import type { CpuWork } from '../cpu/dynamic.ts';
import type { Measurements } from '../contract.ts';
import { answer } from './parts.ts';
import type { ProgramCall, ProgramSpec, Response } from './protocol.ts';

type TeamProgram = CpuWork<string, Measurements>;

let shared: { readonly memory: EngineMemory; readonly engine: CpuEngine } | undefined;
const programs = new Map<number, TeamProgram>();

/** Runs this worker's share of a call. All workers come to the same result; that of the first is sent. */
export function teamCall(
  id: number,
  call: ProgramCall,
  place: TeamPlace,
  spec: ProgramSpec | undefined,
  options: unknown,
): Response {
  if (shared === undefined) {
    const memory = new EngineMemory(numericsOf(options ?? {}), place.memory);
    shared = { memory, engine: new CpuEngine(memory) };
  }
  const { memory, engine } = shared;
  try {
    memory.team = new Team(place);
    let program = programs.get(id);
    if (program === undefined) {
      if (spec === undefined) {
        stopTeam(place.control);
        return { type: 'missing' };
      }
      program = engine.compile(Object.freeze(spec.circuit), spec.measurements, spec.options);
      programs.set(id, program);
    }
    if (program.divisible !== true) return { type: 'indivisible' };
    const result = answer(program, call);
    return { type: 'result', result: place.rank === 0 ? result : undefined };
  } catch (error) {
    // The others must not wait for this one.
    stopTeam(place.control);
    throw error;
  } finally {
    memory.team = undefined;
  }
}

/** Frees a program's share. */
export function disposeTeamProgram(id: number): void {
  programs.get(id)?.dispose();
  programs.delete(id);
}
