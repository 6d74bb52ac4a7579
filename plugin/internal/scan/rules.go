package scan

const (
	drop   = "ignor|disregard|forget|overrid|bypass|discard|vergiss|missachte|oubli|olvid|esquec|dimentic|забудь|игнорир|忽略|無視|무시"
	orders = "instruction|prompt|rule|directi|guideline|command|order|anweisung|regel|consigne|instruccion|reglas|instru|istruzion|инструкц|правил|指令|指示|지시"
	prior  = "previous|prior|above|earlier|preceding|all|your|original|initial|system|vorherig|bisherig|obig|précédent|anterior|precedent|предыдущ|之前|以上|前|이전"
	show   = "reveal|print|show|output|repeat|display|leak|disclose|tell|give|dump"
)

var rules = []rule{
	{"override.ignore-previous", "override", High, 8, []string{drop, prior, orders}},
	{"override.new-orders", "override", Medium, 6, []string{"new|updated|real", "instruction", "follow|are|below|instead"}},
	{"override.stop-being", "override", Medium, 8, []string{"stop|no longer|cease", "being|are|act", "assistant|ai|chatbot|language"}},
	{"extraction.system-prompt", "extraction", High, 8, []string{show, "system|initial|hidden|original|developer|secret", "prompt|instruction|message"}},
	{"extraction.text-above", "extraction", Medium, 8, []string{"repeat|print|output|copy", "text|words|everything|all", "above|before|preceding|verbatim"}},
	{"extraction.secrets", "extraction", Medium, 6, []string{show, "your|hidden|stored", "api key|password|secret|credential|token"}},
	{"persona.dan", "persona", High, 10, []string{"do anything now|dan", "act|you are|pretend|mode|jailbreak"}},
	{"persona.unrestricted", "persona", High, 10, []string{"act|pretend|roleplay|you are|you're|become", "unfiltered|unrestricted|without any|no restriction|no filter|no rules|amoral|uncensored"}},
	{"persona.mode", "persona", High, 4, []string{"enter|enable|activate|switch|unlock", "developer|debug|god|jailbreak|sudo|maintenance", "mode"}},
	{"markup.chatml", "markup", High, 2, []string{"<|im_start|>|<|im_end|>|<|system|>|<|endoftext|>|<|eot_id|>"}},
	{"markup.llama", "markup", High, 2, []string{"[inst]|[/inst]|<<sys>>|<</sys>>"}},
	{"markup.turns", "markup", Medium, 12, []string{"human:|user:", "assistant:", "system:"}},
	{"exfiltration.image", "exfiltration", High, 12, []string{"![|<img", "http", "{|<|[data|[prompt|secret|conversation"}},
	{"exfiltration.send", "exfiltration", High, 12, []string{"send|post|forward|exfiltrat|upload", "conversation|history|chat|password|secret|api key|credential", "http|url|webhook|email|server"}},
	{"agent.call-tool", "agent", Medium, 10, []string{"call|invoke|execute|run|use", "tool|function|shell|command|terminal", "without asking|without confirmation|silently|immediately|do not tell|don't tell"}},
	{"agent.hide", "agent", Medium, 8, []string{"do not|don't|never|without", "tell|mention|inform|telling|alert|informing", "user|human|anyone"}},
	{"encoded.run", "encoded", Medium, 8, []string{"decode|base64|rot13|decrypt", "execute|follow|obey|carry out|do what", "instruction|it|command|result|message"}},
}
