package llm

// Shapes are built once, when the program starts. Names of fields are from the
// providers' API references; the spellings of Gemini are doubled because
// protobuf's JSON takes both.

var (
	content     = &shape{str: take}   // a string in words
	name        = &shape{str: label}  // ids, enumerations, names of files
	opaqueBytes = &shape{str: opaque} // signatures, encrypted reasoning
	blob        = &shape{str: media}  // the data or the address of a medium
	mediaObject = newMediaObject()    // {"url"} or {"data","format"} and the like
	part        = newPart()           // one block of a message's content
	message     = newMessage()        // one turn, or one item of a responses input
	shapes      = newShapes()         // by API
	prompt      = object(             // content of embeddings and moderations
		keys(texts, inherit, content, "text"),
		keys(single, inherit, name, "type"),
		keys(texts, inherit, mediaObject, "image_url"))
)

func newName() *shape {
	s := &shape{str: label}
	s.rest = s
	return s
}

func newMediaObject() *shape {
	s := &shape{str: media}
	s.set(
		keys(single, inherit, blob, "url", "uri", "data", "bytes", "file_data", "file_id", "file_url",
			"fileUri", "file_uri", "image_url", "video_url", "audio_url"),
		keys(mediaType, inherit, nil, "media_type", "mime_type", "mimeType"),
		keys(single, inherit, name, "type", "format", "detail", "id", "filename", "name"),
		keys(texts, Document, content, "text"),
		// Bedrock's document: {"source": {"bytes"}}.
		keys(texts, inherit, s, "source", "s3Location"),
		keys(texts, Document, blocks, "content"),
		keys(texts, Document, content, "title", "context"))
	return s
}

// blocks is filled by newPart: parts and media objects hold each other.
var blocks = &shape{}

func newPart() *shape {
	s := blocks
	s.set(
		keys(single, inherit, name, "type"),
		keys(texts, inherit, content, "text", "refusal", "thinking", "reasoning", "reasoning_content", "code"),
		keys(texts, inherit, name, "id", "index", "status", "tool_use_id", "toolUseId", "call_id", "file_id", "is_error"),
		// What came from elsewhere.
		keys(texts, Tool, s, "content", "output", "outputs", "results", "tool_result", "toolResult", "json"),
		keys(texts, Tool, anything, "functionResponse", "function_response", "response",
			"codeExecutionResult", "code_execution_result"),
		keys(texts, Document, mediaObject, "source", "document"),
		keys(texts, Document, content, "title", "context"),
		// What the model asked for.
		keys(texts, Assistant, anything, "input", "args", "arguments", "toolUse", "functionCall", "function_call",
			"executableCode", "executable_code"),
		keys(texts, inherit, s, "guardContent", "reasoningContent", "reasoningText", "summary"),
		keys(texts, inherit, mediaObject, "image_url", "input_audio", "image", "video", "audio", "file",
			"video_url", "audio_url", "inlineData", "inline_data", "fileData", "file_data"),
		keys(texts, inherit, opaqueBytes, "signature", "thoughtSignature", "thought_signature", "encrypted_content",
			"redactedContent", "data"),
		keys(texts, inherit, name, "name", "filename", "cache_control", "cachePoint", "annotations",
			"videoMetadata", "video_metadata"))
	return s
}

func newMessage() *shape {
	s := &shape{message: true}
	s.set(
		keys(roleName, inherit, nil, "role"),
		keys(single, inherit, name, "type"),
		keys(texts, inherit, part, "content", "parts"),
		keys(texts, Assistant, part, "refusal", "reasoning_content", "reasoning", "tool_calls", "function_call",
			"function", "arguments", "input", "code", "summary", "queries", "action"),
		keys(texts, Tool, part, "output", "outputs", "results", "result"),
		keys(texts, inherit, name, "name", "id", "tool_call_id", "call_id", "status"),
		keys(texts, inherit, opaqueBytes, "encrypted_content"),
		keys(texts, inherit, mediaObject, "image_url", "audio", "images"))
	return s
}

func newShapes() [numAPIs]*shape {
	common := join(keys(modelName, inherit, nil, "model"), keys(streamFlag, inherit, nil, "stream"))
	budget := join(keys(maxTokens, inherit, nil, "max_tokens", "max_completion_tokens"),
		keys(choiceCount, inherit, nil, "n"))
	named := keys(texts, inherit, name, "user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key",
		"store", "modalities", "audio", "tool_choice", "reasoning_effort", "reasoning", "verbosity", "stream_options",
		"include", "truncation", "previous_response_id", "encoding_format", "container", "thinking")
	defined := keys(texts, Definition, anything, "tools", "functions", "response_format", "toolConfig", "tool_config",
		"output_config", "output_format")

	chat := object(common, budget, named, defined,
		keys(single, User, message, "messages"),
		keys(texts, System, content, "stop"),
		keys(texts, Assistant, part, "prediction"))
	responses := object(common, named, defined,
		keys(maxTokens, inherit, nil, "max_output_tokens"),
		keys(texts, User, message, "input"),
		keys(texts, System, message, "instructions"),
		keys(texts, User, anything, "prompt"),
		keys(texts, Definition, anything, "text"))
	completions := object(common, budget, named,
		keys(choiceCount, inherit, nil, "best_of"),
		keys(texts, User, content, "prompt", "suffix"),
		keys(texts, System, content, "stop"))
	embeddings := object(common, named, keys(texts, Document, prompt, "input"))
	moderations := object(common, named, keys(texts, User, prompt, "input"))
	anthropic := object(common, named, defined,
		keys(maxTokens, inherit, nil, "max_tokens"),
		keys(single, User, message, "messages"),
		keys(texts, System, part, "system"),
		keys(texts, System, content, "stop_sequences"))

	generation := object(
		keys(maxTokens, inherit, nil, "maxOutputTokens", "max_output_tokens", "maxTokens"),
		keys(choiceCount, inherit, nil, "candidateCount", "candidate_count"),
		keys(texts, Definition, anything, "responseSchema", "response_schema", "responseJsonSchema"),
		keys(texts, System, content, "stopSequences", "stop_sequences"))
	gemini := &shape{}
	gemini.set(keys(modelName, inherit, nil, "model"), defined,
		keys(single, User, message, "contents", "content"),
		keys(texts, System, part, "systemInstruction", "system_instruction"),
		keys(single, inherit, generation, "generationConfig", "generation_config"),
		keys(texts, inherit, name, "safetySettings", "safety_settings", "cachedContent", "labels"),
		keys(texts, inherit, gemini, "generateContentRequest", "requests"))
	converse := object(defined,
		keys(single, User, message, "messages"),
		keys(texts, System, part, "system"),
		keys(single, inherit, generation, "inferenceConfig"),
		keys(texts, User, anything, "promptVariables"))
	invoke := object(anthropic.fields,
		keys(texts, User, content, "prompt", "inputText", "message"),
		keys(texts, System, content, "preamble"),
		keys(single, inherit, generation, "inferenceConfig"),
		keys(maxTokens, inherit, nil, "max_gen_len", "max_tokens_to_sample"))

	return [numAPIs]*shape{None: anything, Other: anything,
		OpenAIChat: chat, OpenAIResponses: responses, OpenAICompletions: completions,
		OpenAIEmbeddings: embeddings, OpenAIModerations: moderations,
		AnthropicMessages: anthropic, AnthropicCountTokens: anthropic,
		GeminiGenerate: gemini, BedrockConverse: converse, BedrockInvoke: invoke}
}
