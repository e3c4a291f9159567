// A page's socket from outside: what came over it, and answers that the server would not give.

import type { Page, WebSocketRoute } from "@playwright/test";

/** A frame as it stands on the wire: docs/protocol.md. */
export interface Frame {
  type: string;
  body: any; // each test reads what it needs of it
}

const SOCKET = /\/ws$/;

/** Every frame that the page receives from now on. To be called before the page is loaded. */
export function framesOf(page: Page): Frame[] {
  const frames: Frame[] = [];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => frames.push(JSON.parse(`${payload}`))),
  );
  return frames;
}

/** Answers messages to a room that `isRefused` picks with a code, and lets the rest through. */
export async function refuse(page: Page, code: number, isRefused: (content: string) => boolean) {
  await page.routeWebSocket(SOCKET, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const { type, body }: Frame = JSON.parse(`${text}`);
      if (type === "SEND_TO_ALL_REQUEST" && isRefused(body.content)) {
        const answer = { msgId: body.msgId, code, message: "refused by a test" };
        socket.send(JSON.stringify({ type: "SEND_RESPONSE", body: answer }));
      } else {
        server.send(text);
      }
    });
  });
}

/** Holds frames of a type back, once it is told to. */
export interface Hold {
  isOn: boolean;
  /** How many are held back now. */
  held: number;
  release: () => void;
}

export async function holdFrames(page: Page, type: string): Promise<Hold> {
  const waiting: (() => void)[] = [];
  const hold: Hold = {
    isOn: false,
    get held() {
      return waiting.length;
    },
    release: () => {
      for (const send of waiting.splice(0)) send();
    },
  };
  await page.routeWebSocket(SOCKET, (socket: WebSocketRoute) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      const send = () => socket.send(text);
      if (hold.isOn && JSON.parse(`${text}`).type === type) waiting.push(send);
      else send();
    });
  });
  return hold;
}
