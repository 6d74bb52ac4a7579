//! A filter that asks another service whether a request may pass, counts the answers in
//! shared data and in a metric, and adds the length of the body to the request.

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MetricType};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

#[derive(Default)]
struct Root {
    cluster: String,
    metric: u32,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        self.cluster = match self.get_plugin_configuration() {
            Some(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            None => return false,
        };
        self.metric = proxy_wasm::hostcalls::define_metric(MetricType::Counter, "foreign_allowed").unwrap();
        self.set_tick_period(Duration::from_millis(500));
        !self.cluster.is_empty()
    }

    fn on_tick(&mut self) {
        info!("tick");
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter { cluster: self.cluster.clone(), metric: self.metric }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Filter {
    cluster: String,
    metric: u32,
}

impl Filter {
    fn count(&self) -> u64 {
        loop {
            let (old, cas) = self.get_shared_data("allowed");
            let n = old.map_or(0, |v| u64::from_le_bytes(v.try_into().unwrap_or_default())) + 1;
            if self.set_shared_data("allowed", Some(&n.to_le_bytes()), cas).is_ok() {
                return n;
            }
        }
    }
}

impl Context for Filter {
    fn on_http_call_response(&mut self, _: u32, _: usize, body_size: usize, _: usize) {
        let status = self.get_http_call_response_header(":status");
        if status.as_deref() != Some("200") {
            let body = self.get_http_call_response_body(0, body_size).unwrap_or_default();
            self.send_http_response(403, vec![("x-asked", "yes")], Some(&body));
            return;
        }
        let n = self.count();
        proxy_wasm::hostcalls::increment_metric(self.metric, 1).unwrap();
        self.set_http_request_header("x-allowed", Some(&n.to_string()));
        self.resume_http_request();
    }
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        info!("{} {:?}", path, self.get_property(vec!["request", "method"]).map(String::from_utf8));
        if path == "/panic" {
            panic!("as asked");
        }
        if !end {
            self.set_http_request_header("content-length", None);
        }
        self.dispatch_http_call(
            &self.cluster,
            vec![(":method", "GET"), (":path", &path), (":authority", "ask")],
            None,
            vec![],
            Duration::from_secs(1),
        )
        .unwrap();
        Action::Pause
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !end {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        let text = format!("{} {}", body.len(), String::from_utf8_lossy(&body));
        self.set_http_request_body(0, size, text.as_bytes());
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.add_http_response_header("x-filter", "rust");
        Action::Continue
    }

    fn on_log(&mut self) {
        let code = self.get_property(vec!["response", "code"]).unwrap_or_default();
        info!("done {:?}", code.first());
    }
}
