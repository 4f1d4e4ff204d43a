import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPeers } from '../harness/peers.ts';
import type { StartedPeers } from '../harness/peers.ts';
import { questions } from '../questions/all.ts';

const settings = { rounds: 1, sampleSeconds: 0.001, warmSeconds: 0.01 };

describe('each question, made tiny', () => {
  const absent: string[] = [];
  let started: StartedPeers;
  beforeAll(async () => {
    started = await startPeers((reason) => absent.push(reason));
  }, 120_000);
  afterAll(() => started.stop());

  it('has all peers, or their reasons', () => {
    const { peers } = started;
    expect(peers.native !== undefined || absent.join().includes('--install-peers')).toBe(true);
    expect(peers.quantumCircuit !== undefined || absent.join().includes('quantum-circuit')).toBe(
      true,
    );
    expect(peers.tensorflow !== undefined || absent.join().includes('TensorFlow.js')).toBe(true);
  });

  for (const question of questions) {
    // Sides that disagree end a question with an error.
    it(`${question.name} has rows whose sides agree`, async () => {
      const skipped: string[] = [];
      const { peers } = started;
      const skip = (reason: string): number => skipped.push(reason);
      const rows = await question.answer({ settings, tiny: true, peers, skip });
      const native = await peers.native?.(1);
      if (native?.has('qulacs') === true && ['large', 'structured'].includes(question.name)) {
        expect(rows.map(({ peerName }) => peerName ?? '').join('\n')).toMatch(/qulacs/);
      }
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) {
        expect(row.question).toBe(question.name);
        expect(row.ours, row.case).toBeGreaterThan(0);
        if (row.ratio !== null) expect(Number.isFinite(row.ratio), row.case).toBe(true);
      }
      if (question.name === 'layers' && native !== undefined) {
        // Peers in JavaScript compute in doubles; of the others each precision has rows, or is said to be missing.
        const seen = `${rows.map((row) => row.case).join('\n')}\n${skipped.join('\n')}`;
        for (const precision of ['f64', 'f32']) expect(seen).toContain(precision);
      }
    });
  }
});
