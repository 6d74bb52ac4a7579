// A filter that adds its configuration as a header to answers, refuses one path and
// counts requests.
export * from "@solo-io/proxy-runtime/proxy";
import { RootContext, Context, registerRootContext, FilterHeadersStatusValues, stream_context, log, LogLevelValues,
  send_local_response, GrpcStatusValues, Counter } from "@solo-io/proxy-runtime";

let requests: Counter | null = null;

class Root extends RootContext {
  onConfigure(size: u32): bool {
    super.onConfigure(size);
    requests = new Counter("foreign_as_requests");
    return this.getConfiguration() != "";
  }
  createContext(context_id: u32): Context {
    return new Filter(context_id, this);
  }
}

class Filter extends Context {
  constructor(context_id: u32, root: Root) {
    super(context_id, root);
  }
  onRequestHeaders(n: u32, end: bool): FilterHeadersStatusValues {
    (requests as Counter).increment(1);
    let path = stream_context.headers.request.get(":path");
    log(LogLevelValues.info, "path " + path);
    if (path == "/refused") {
      send_local_response(418, "as_asked", String.UTF8.encode("no tea"), [], GrpcStatusValues.Ok);
      return FilterHeadersStatusValues.StopIteration;
    }
    stream_context.headers.request.add("x-from", "assemblyscript");
    return FilterHeadersStatusValues.Continue;
  }
  onResponseHeaders(n: u32, end: bool): FilterHeadersStatusValues {
    stream_context.headers.response.add("x-filter", this.root_context.getConfiguration());
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((context_id: u32) => { return new Root(context_id); }, "foreign");
