package guard

// Reason is why a request is refused. It is the code of the error body, the
// label of the metric and the reason of the audit line.
type Reason string

// The reasons.
const (
	MissingKey       Reason = "missing_api_key"
	InvalidKey       Reason = "invalid_api_key"
	ExpiredKey       Reason = "expired_api_key"
	DuplicateHeader  Reason = "duplicate_header"
	InvalidPath      Reason = "invalid_path"
	InvalidHeader    Reason = "invalid_header"
	PermissionDenied Reason = "permission_denied"
	ModelDenied      Reason = "model_not_allowed"
	RateLimited      Reason = "rate_limit_exceeded"
	BodyTooLarge     Reason = "body_too_large"
	TooManyTokens    Reason = "too_many_tokens"
	TextTooLong      Reason = "text_too_long"
	ContextExceeded  Reason = "context_length_exceeded"
	InvalidBody      Reason = "invalid_body"
	MediaType        Reason = "unsupported_media_type"
	Encoding         Reason = "unsupported_encoding"
	Upgrade          Reason = "unsupported_upgrade"
	PromptInjection  Reason = "prompt_injection"
	CircuitOpen      Reason = "circuit_open"
	Undecided        Reason = "undecided"
	NotCached        Reason = "not_cached"
	NotFound         Reason = "not_found"
	MethodNotAllowed Reason = "method_not_allowed"
)

// class is what the SDKs make of a reason: the status picks the exception
// class, the type strings are the providers' own names for it.
type class struct {
	status                    int
	openai, anthropic, gemini string
}

var (
	unauthenticated = class{401, "invalid_request_error", "authentication_error", "UNAUTHENTICATED"}
	forbidden       = class{403, "invalid_request_error", "permission_error", "PERMISSION_DENIED"}
	invalid         = class{400, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"}
	tooLarge        = class{413, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"}
	mediaType       = class{415, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"}
	notFound        = class{404, "invalid_request_error", "not_found_error", "NOT_FOUND"}
	notAllowed      = class{405, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"}
	limited         = class{429, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"}
	unavailable     = class{503, "server_error", "overloaded_error", "UNAVAILABLE"}
	gatewayTimeout  = class{504, "invalid_request_error", "api_error", "DEADLINE_EXCEEDED"}
	failed          = class{503, "server_error", "api_error", "UNAVAILABLE"}
)

// classes are in the order of the reasons' names, in which metrics list them.
var classes = [...]struct {
	reason Reason
	class  *class
}{
	{BodyTooLarge, &tooLarge},
	{CircuitOpen, &unavailable},
	{ContextExceeded, &invalid},
	{DuplicateHeader, &invalid},
	{ExpiredKey, &unauthenticated},
	{InvalidKey, &unauthenticated},
	{InvalidBody, &invalid},
	{InvalidHeader, &invalid},
	{InvalidPath, &invalid},
	{MethodNotAllowed, &notAllowed},
	{MissingKey, &unauthenticated},
	{ModelDenied, &forbidden},
	{NotCached, &gatewayTimeout},
	{NotFound, &notFound},
	{PermissionDenied, &forbidden},
	{PromptInjection, &invalid},
	{RateLimited, &limited},
	{TextTooLong, &invalid},
	{TooManyTokens, &invalid},
	{Undecided, &failed},
	{Encoding, &mediaType},
	{MediaType, &mediaType},
	{Upgrade, &invalid},
}

// classOf returns what the SDKs make of a reason.
func classOf(r Reason) class {
	for i := range classes {
		if classes[i].reason == r {
			return *classes[i].class
		}
	}
	return failed
}

// Reasons lists every reason in order, for the metrics' closed label set.
func Reasons() []string {
	list := make([]string, 0, len(classes))
	for i := range classes {
		list = append(list, string(classes[i].reason))
	}
	return list
}
