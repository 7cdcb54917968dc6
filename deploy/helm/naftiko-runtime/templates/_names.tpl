{{- define "naftiko.name" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "naftiko.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "naftiko.labels" -}}
{{ include "naftiko.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* a value as a word; as JSON, numbers do not turn into 3.3e+07 */ -}}
{{- define "naftiko.word" -}}
{{- ternary . (toJson .) (kindIs "string" .) -}}
{{- end -}}

{{- /* the words of the command line that .Values.options stands for */ -}}
{{- define "naftiko.options" -}}
{{- range $option, $value := .Values.options -}}
{{- if kindIs "slice" $value -}}
{{- range $value }}
- {{ printf "--%s=%s" $option (include "naftiko.word" .) | quote }}
{{- end -}}
{{- else if kindIs "bool" $value -}}
{{- if $value }}
- {{ printf "--%s" $option | quote }}
{{- end -}}
{{- else }}
- {{ printf "--%s=%s" $option (include "naftiko.word" $value) | quote }}
{{- end -}}
{{- end -}}
{{- end -}}
