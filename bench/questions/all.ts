import type { Question } from '../harness/question.ts';
import { bounds } from './bounds.ts';
import { convolutions } from './convolution.ts';
import { firstCall } from './first-call.ts';
import { gpu } from './gpu.ts';
import { growth } from './growth.ts';
import { hybridStep } from './hybrid-step.ts';
import { kernelMatrix } from './kernel-matrix.ts';
import { large } from './large.ts';
import { layers } from './layers.ts';
import { matrixProducts } from './matmul.ts';
import { noise } from './noise.ts';
import { perExample } from './per-example.ts';
import { planning } from './planning.ts';
import { privateTraining } from './private-training.ts';
import { qasm } from './qasm.ts';
import { quanvolutions } from './quanvolution.ts';
import { recurrent } from './recurrent.ts';
import { smallTraining } from './small-training.ts';
import { structured } from './structured.ts';
import { threads } from './threads.ts';

/** All questions, in the order in which they are asked. */
export const questions: readonly Question[] = [
  smallTraining,
  layers,
  perExample,
  matrixProducts,
  convolutions,
  hybridStep,
  privateTraining,
  recurrent,
  quanvolutions,
  kernelMatrix,
  threads,
  large,
  structured,
  noise,
  qasm,
  firstCall,
  planning,
  bounds,
  gpu,
  growth,
];
