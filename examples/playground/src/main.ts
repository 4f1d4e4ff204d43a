// Entry of the page.
/// <reference types="vite/client" />
import { start } from './app.ts';

const root = document.querySelector<HTMLElement>('#app')!;
try {
  await start(root);
} catch (error) {
  // Such as a browser without WebAssembly: the engine says what is missing and what to do.
  const message = document.createElement('p');
  message.className = 'starting';
  message.setAttribute('role', 'alert');
  message.textContent = `The playground cannot start: ${error instanceof Error ? error.message : String(error)}`;
  root.replaceChildren(message);
  document.documentElement.dataset['ready'] = 'failed';
}
