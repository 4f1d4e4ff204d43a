import type { Socket } from 'node:net';

/**
 * Sees to it that strangers who hold connections keep nobody out: where all are taken, the oldest of those goes whose
 * sender has not been recognised.
 */
export class Connections {
  readonly #most: number;
  #open = 0;
  readonly #strangers: Map<string, Socket> = new Map();

  /** @param most How many there may be; the server refuses more. */
  constructor(most: number) {
    this.#most = most;
  }

  /** A connection was made. */
  add(socket: Socket): void {
    const name = nameOf(socket);
    this.#open++;
    this.#strangers.set(name, socket);
    socket.once('close', () => {
      this.#open--;
      if (this.#strangers.get(name) === socket) this.#strangers.delete(name);
    });
    if (this.#open < this.#most) return;
    const [oldest] = this.#strangers.values();
    if (oldest !== socket) oldest?.destroy();
  }

  /** A request on this connection came from somebody who is known. */
  recognise(socket: Socket): void {
    this.#strangers.delete(nameOf(socket));
  }
}

/** With TLS the socket of a request is another one than that of its connection, but has the same address. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
