package llm

// Names of fields are from the providers' API references. Gemini's are there in
// both spellings because protobuf's JSON takes both.

var (
	content = &shape{str: take}   // what a person or a model wrote
	sealed  = &shape{str: opaque} // signatures, encrypted reasoning
	address = &shape{str: media}  // the data or the address of a file
	name    = newName()           // ids, enumerations, labels
	block   = &shape{scope: true} // one part of a message's content
	file    = newFile()           // {"url"}, {"data format"}, {"source": {"bytes"}}
	call    = newCall()           // what a model asks a tool for
	reply   = newReply()          // what a Gemini tool answers
	message = newMessage()        // one turn, or one item of a responses input
	shapes  = newShapes()         // by API
)

func newName() *shape {
	s := &shape{str: label}
	s.rest = s
	return s
}

func newFile() *shape {
	s := &shape{str: media}
	s.set(
		keys(single, inherit, address, "url uri data bytes file_data file_id file_url "+
			"fileUri file_uri image_url video_url audio_url"),
		keys(fileType, inherit, nil, "media_type mime_type mimeType format filename name"),
		keys(sourceType, inherit, nil, "type"),
		keys(texts, inherit, name, "detail id cache_control citations"),
		keys(texts, inherit, s, "source s3Location"),
		keys(texts, Document, block, "content"),
		keys(texts, Document, content, "text title context"))
	return s
}

func newCall() *shape {
	s := &shape{}
	s.set(
		keys(texts, inherit, name, "id type name index toolUseId language"),
		keys(texts, inherit, s, "function custom"),
		keys(texts, inherit, anything, "arguments input args"),
		keys(texts, inherit, content, "code"))
	return s
}

func newReply() *shape {
	return object(
		keys(texts, inherit, name, "id name outcome scheduling"),
		keys(texts, inherit, anything, "response output"))
}

func newMessage() *shape {
	setBlock()
	s := &shape{message: true, scope: true}
	s.set(
		keys(roleName, inherit, nil, "role"),
		keys(single, inherit, name, "type"),
		keys(texts, inherit, block, "content parts"),
		keys(texts, Assistant, block, "refusal reasoning_content reasoning summary code"),
		keys(texts, Assistant, call, "tool_calls function_call"),
		keys(texts, Assistant, anything, "arguments input action queries"),
		keys(texts, Tool, block, "output outputs results result"),
		keys(texts, inherit, name, "name id tool_call_id call_id status"),
		keys(texts, inherit, sealed, "encrypted_content"),
		keys(texts, inherit, file, "image_url audio images"))
	return s
}

// setBlock fills block, which holds files, which hold blocks.
func setBlock() {
	block.set(
		keys(single, inherit, name, "type"),
		keys(fileType, inherit, nil, "filename"),
		keys(texts, inherit, content, "text refusal thinking reasoning code"),
		// What came from elsewhere.
		keys(texts, Tool, block, "content output outputs results toolResult"),
		keys(texts, Tool, reply, "functionResponse function_response codeExecutionResult "+
			"code_execution_result"),
		keys(texts, Tool, anything, "json"),
		keys(texts, Document, file, "source document"),
		keys(texts, Document, content, "title context"),
		// What the model asked for.
		keys(texts, Assistant, call, "toolUse functionCall function_call executableCode executable_code"),
		keys(texts, Assistant, anything, "input arguments"),
		keys(texts, inherit, block, "guardContent reasoningContent reasoningText summary"),
		keys(texts, inherit, file, "image_url input_audio image video audio file file_data "+
			"file_url video_url audio_url inlineData inline_data fileData"),
		keys(texts, inherit, sealed, "signature thoughtSignature thought_signature encrypted_content "+
			"redactedContent data"),
		keys(texts, inherit, name, "id name status tool_use_id toolUseId call_id file_id "+
			"detail url page_age cache_control cachePoint annotations citations videoMetadata video_metadata"))
}

func newShapes() [numAPIs]*shape {
	anthropic := newAnthropic()
	return [numAPIs]*shape{
		None:                 anything,
		OpenAIChat:           newChat(),
		OpenAIResponses:      newResponses(),
		OpenAICompletions:    newCompletions(),
		OpenAIEmbeddings:     newInputs(Document),
		OpenAIModerations:    newInputs(User),
		AnthropicMessages:    anthropic,
		AnthropicCountTokens: anthropic,
		GeminiGenerate:       newGemini(),
		BedrockConverse:      newConverse(),
		BedrockInvoke:        newInvoke(anthropic),
		Other:                anything,
	}
}

// Fields that several APIs share.
var (
	target = join(
		keys(modelName, inherit, nil, "model"),
		keys(streamFlag, inherit, nil, "stream"))
	budget = join(
		keys(maxTokens, inherit, nil, "max_tokens max_completion_tokens"),
		keys(choiceCount, inherit, nil, "n"))
	settings = keys(texts, inherit, name, "user metadata service_tier safety_identifier "+
		"prompt_cache_key modalities audio tool_choice reasoning_effort reasoning thinking "+
		"verbosity stream_options include truncation previous_response_id encoding_format container")
	definitions = keys(texts, Definition, name, "tools functions response_format toolConfig "+
		"tool_config output_config output_format")
)

func newChat() *shape {
	return object(target, budget, settings, definitions,
		keys(single, User, message, "messages"),
		keys(texts, System, content, "stop"),
		keys(texts, Assistant, object(keys(texts, Assistant, block, "content")), "prediction"))
}

func newResponses() *shape {
	return object(target, settings, definitions,
		keys(maxTokens, inherit, nil, "max_output_tokens"),
		keys(texts, User, message, "input"),
		keys(texts, System, message, "instructions"),
		keys(texts, User, object(keys(texts, inherit, name, "id version"), keys(texts, inherit, anything, "variables")),
			"prompt"),
		keys(texts, Definition, name, "text"))
}

func newCompletions() *shape {
	return object(target, budget, settings,
		keys(choiceCount, inherit, nil, "best_of"),
		keys(texts, User, content, "prompt suffix"),
		keys(texts, System, content, "stop"))
}

// newInputs describes embeddings and moderations.
func newInputs(role Role) *shape {
	return object(target, settings, keys(texts, role, block, "input"))
}

func newAnthropic() *shape {
	return object(target, settings, definitions,
		keys(maxTokens, inherit, nil, "max_tokens"),
		keys(single, User, message, "messages"),
		keys(texts, System, block, "system"),
		keys(texts, System, content, "stop_sequences"))
}

// generation is what Gemini and Bedrock say of the answer.
var generation = object(
	keys(maxTokens, inherit, nil, "maxOutputTokens max_output_tokens maxTokens max_new_tokens "+
		"maxTokenCount"),
	keys(choiceCount, inherit, nil, "candidateCount candidate_count"),
	keys(texts, Definition, name, "responseSchema response_schema responseJsonSchema response_json_schema"),
	keys(texts, inherit, name, "responseMimeType response_mime_type"),
	keys(texts, System, content, "stopSequences stop_sequences"))

func newGemini() *shape {
	s := &shape{}
	s.set(keys(modelName, inherit, nil, "model"), definitions,
		keys(single, User, message, "contents content"),
		keys(texts, System, object(keys(single, inherit, name, "role"), keys(texts, inherit, block, "parts")),
			"systemInstruction system_instruction"),
		keys(single, inherit, generation, "generationConfig generation_config"),
		keys(texts, inherit, name, "safetySettings safety_settings cachedContent cached_content labels"),
		keys(single, inherit, s, "generateContentRequest generate_content_request"),
		keys(texts, inherit, s, "requests"))
	return s
}

func newConverse() *shape {
	return object(definitions,
		keys(single, User, message, "messages"),
		keys(texts, System, block, "system"),
		keys(single, inherit, generation, "inferenceConfig"),
		keys(texts, User, anything, "promptVariables"))
}

// newInvoke describes the bodies of models on Bedrock: Anthropic's, and the
// prompts of Amazon, Meta, Mistral and Cohere.
func newInvoke(anthropic *shape) *shape {
	return object(anthropic.fields,
		keys(single, inherit, generation, "inferenceConfig textGenerationConfig"),
		keys(maxTokens, inherit, nil, "max_gen_len max_tokens_to_sample"),
		keys(texts, User, content, "prompt inputText message"),
		keys(texts, System, content, "preamble"),
		keys(texts, inherit, name, "anthropic_version anthropic_beta"))
}
