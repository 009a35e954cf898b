/* An answer that is a page of its own (an error page) never lands inside this page: it is said in words instead. */
import { toast } from "./announce.js";

const WORDS = {
  403: "The page was too old for this. Nothing was decided; load it again.",
  404: "This is not there any more, or not yours to see.",
  503: "Not available just now. Nothing was decided; try again in a few seconds.",
};

export function start() {
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail;
    if (!/^\s*<!doctype/i.test(ctx.text ?? "")) return;
    ctx.swap = "none";
    ctx.push = "false";
    ctx.replace = "false";
    toast(WORDS[ctx.response.status] ?? `The server failed (${ctx.response.status}). Nothing was decided.`);
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.request?.method === "GET") toast("The server does not answer. Try again in a few seconds.");
  });
}
