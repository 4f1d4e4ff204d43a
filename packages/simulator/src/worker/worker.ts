import { serve, ValueError } from '@ketwork/base';
import type { Engine, Program } from '../contract.ts';
import { movable } from './buffers.ts';
import { createEngine } from './engines.ts';
import { answer } from './parts.ts';
import { disposeTeamProgram, teamCall } from './team-worker.ts';
import type { HostedEngine, ProgramSpec, Request, Response } from './protocol.ts';

/* Entry of the worker that hosts a synchronous engine; see hosted.ts for the other side. */

let engine: Promise<Engine> | undefined;
const programs = new Map<number, Program>();

async function compile(data: HostedEngine, id: number, spec: ProgramSpec): Promise<Program> {
  const { circuit, measurements, options } = spec;
  engine ??= createEngine(data);
  // The copy is nobody else's, and plans of frozen circuits are shared.
  const program = (await engine).compile(Object.freeze(circuit), measurements, options) as Program;
  programs.get(id)?.dispose();
  programs.set(id, program);
  return program;
}

serve<Request, Response>(async (request, context) => {
  const data = context.data as HostedEngine;
  switch (request.type) {
    case 'describe': {
      engine ??= createEngine(data);
      const { name, capabilities } = await engine;
      return { type: 'description', name, capabilities };
    }
    case 'compile':
      await compile(data, request.program, request.spec);
      return { type: 'done' };
    case 'call': {
      if (request.call.team !== undefined) {
        const { program: id, call, spec } = request;
        const done = teamCall(id, call, request.call.team, spec, data.options);
        const { value: moved, buffers: ownBuffers } = movable(done, false);
        context.transfer(...ownBuffers);
        return moved as Response;
      }
      let program = programs.get(request.program);
      if (program === undefined) {
        if (request.spec === undefined) return { type: 'missing' };
        program = await compile(data, request.program, request.spec);
      }
      const { value, buffers } = movable(answer(program, request.call), false);
      context.transfer(...buffers);
      return { type: 'result', result: value };
    }
    case 'dispose':
      programs.get(request.program)?.dispose();
      programs.delete(request.program);
      disposeTeamProgram(request.program);
      return { type: 'done' };
    default:
      throw new ValueError('the worker got an unknown request');
  }
});
