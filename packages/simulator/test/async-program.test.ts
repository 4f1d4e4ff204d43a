import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import { asyncProgram, cpu } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';

const turn = circuit(1, { x: input([]), w: weight([]) }, (q, { x, w }) => {
  q.rx(x.at(), 0).ry(w.at(), 0);
});
const values = { x: [0.1, 0.2], w: [0.3] };

describe('asyncProgram', () => {
  it('gives what the program gives, as promises, and begins explanations with the reason', async () => {
    const program = (await cpu()).compile(turn, expval(Z(0)));
    const own = asyncProgram(program, 'It was the only one.');
    const run = own.run(values);
    expect(run).toBeInstanceOf(Promise);
    expect(await run).toEqual(program.run(values));
    expect(await own.vjp(values, [1, 1])).toEqual(program.vjp(values, [1, 1]));
    expect(await own.jacobian(values)).toEqual(program.jacobian(values));
    expect(own.explain().text).toBe(`It was the only one. ${program.explain().text}`);
    expect(own.estimateMemory(4)).toBe(program.estimateMemory(4));
    expect(own.outputShapes).toEqual(program.outputShapes);
  });

  it('rejects where the program throws, where the call was aborted, and after dispose', async () => {
    const program = (await cpu()).compile(turn, expval(Z(0)));
    const own = asyncProgram(program, 'It was the only one.');
    await expect(own.run({ x: [Number.NaN], w: [0] })).rejects.toThrow(/slot 'x'/);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(own.run(values, { signal })).rejects.toThrow('enough');
    await expect(own.vjp(values, [1, 1], { signal })).rejects.toThrow('enough');
    await expect(own.jacobian(values, { signal })).rejects.toThrow('enough');
    own.dispose();
    expect(() => program.run(values)).toThrow(/disposed/);
  });
});
