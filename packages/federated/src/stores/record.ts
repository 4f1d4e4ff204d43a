import { FormatError, KetworkError } from '@ketwork/base';
import type { SampledGaussian } from '@ketwork/training';
import type { OpenedSum } from '../secure/once.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';
import type { Plain } from '../wire/message.ts';
import { trainAnswer } from '../wire/protocol.ts';
import type { TrainAnswer } from '../wire/protocol.ts';
import {
  bytes,
  doubles,
  finite,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
} from '../wire/schema.ts';
import type { Schema } from '../wire/schema.ts';
import { ParticipantStateError } from './store.ts';

const FORMAT = 'ketwork.participant/1';

/** What a participant keeps on its own side, all of it in one piece. */
export interface ParticipantRecord {
  /** Its name, as the coordinator knows it. */
  readonly participant: string;
  /** Names and shapes of the shared weights as JSON, and of the personal ones. */
  readonly task: { readonly shared: string; readonly personal: string };
  /** Values of what is personal. */
  readonly personal: Float64Array;
  /** Rounds it has trained. */
  readonly rounds: number;
  /** What those have spent. */
  readonly spent: readonly SampledGaussian[];
  /** The round trained last, and the answer to it, to be given again where the coordinator asks again. */
  readonly last?: { readonly run: string; readonly round: number; readonly answer: TrainAnswer };
  /** The last sum it has helped to open, where it insists on signatures. */
  readonly opened?: OpenedSum;
}

const layout = text(50_000_000);
const record: Schema<ParticipantRecord> = object({
  participant: text(64),
  task: object({ shared: layout, personal: layout }),
  personal: doubles(),
  rounds: integer(0),
  spent: list(object({ noiseMultiplier: finite, sampleRate: finite, steps: integer(0) }), 1e6),
  last: optional(object({ run: text(64), round: integer(1), answer: trainAnswer })),
  opened: optional(object({ run: text(64), round: integer(1), sum: text(64) })),
});

const envelope = object({ format: oneOf(FORMAT), checksum: integer(0), record: bytes });

/** A record as bytes, with a checksum. */
export function recordToBytes(given: ParticipantRecord): Uint8Array {
  const inner = encodeMessage(given as unknown as Plain);
  return encodeMessage({ format: FORMAT, checksum: crc32(inner), record: inner });
}

/** The record in these bytes. @throws ParticipantStateError (`damaged`) where they are anything else. */
export function recordFromBytes(given: Uint8Array): ParticipantRecord {
  try {
    const { checksum, record: inner } = envelope(decodeMessage(given), 'the state');
    if (crc32(inner) !== checksum) throw new FormatError('its checksum is another one');
    return record(decodeMessage(inner, inner.length), 'the state');
  } catch (cause) {
    // Changed bits can also spell a type of numbers that is not known here.
    if (!(cause instanceof KetworkError)) throw cause;
    throw new ParticipantStateError(
      'damaged',
      `the state of the participant cannot be read: ${cause.message}`,
      {
        remedy:
          'Take a copy that is not older than the last participation; to begin without one is to forget what privacy was spent',
        cause,
      },
    );
  }
}

/** CRC-32 as in ISO-HDLC, for accidents. */
function crc32(data: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of data) rest = TABLE[(rest ^ byte) & 0xff]! ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let rest = i;
  for (let bit = 0; bit < 8; bit++)
    rest = (rest & 1) === 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});
