{{- define "connector.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "connector.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "connector.labels" -}}
{{ include "connector.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "connector.workerLabels" -}}
{{ include "connector.selector" . }}
app.kubernetes.io/component: worker
{{- end -}}

{{- define "connector.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "connector.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "connector.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "connector.scheme" -}}
{{- if .Values.rest.tls.secretName -}}https{{- else -}}http{{- end -}}
{{- end -}}

{{/* The worker's properties: the chart's, overlaid by those of the values. */}}
{{- define "connector.properties" -}}
{{- $name := include "connector.fullname" . -}}
{{- $own := dict
      "group.id" $name
      "config.storage.topic" (printf "%s-configs" $name)
      "status.storage.topic" (printf "%s-status" $name)
      "listeners" (printf "%s://0.0.0.0:%v" (include "connector.scheme" .) .Values.rest.port) -}}
{{- if .Values.rest.users.secretName -}}
{{- $_ := set $own "rest.users.file" "/etc/connector/users/users" -}}
{{- end -}}
{{- $properties := merge (deepCopy .Values.worker) $own -}}
{{- if .Values.rest.tls.secretName -}}
{{- $provider := "rest_tls" -}}
{{- $_ := set $properties "config.providers" (list (get $properties "config.providers") $provider | compact | join ",") -}}
{{- $_ := set $properties (printf "config.providers.%s.class" $provider) "directory" -}}
{{- $_ := set $properties "listeners.https.ssl.keystore.type" "PEM" -}}
{{- $_ := set $properties "listeners.https.ssl.keystore.key" (printf "${%s:/etc/connector/tls:tls.key}" $provider) -}}
{{- $_ := set $properties "listeners.https.ssl.keystore.certificate.chain" (printf "${%s:/etc/connector/tls:tls.crt}" $provider) -}}
{{- end -}}
{{- toJson $properties -}}
{{- end -}}

{{/* As Java writes them. */}}
{{- define "connector.propertiesFile" -}}
{{- range $name, $value := include "connector.properties" . | fromJson }}
{{ $name }}={{ include "connector.text" $value | replace "\\" "\\\\" | replace "\n" "\\n" }}
{{- end }}
{{- end -}}

{{/* Numbers of values are floating point to Helm, which would write large ones with an exponent. */}}
{{- define "connector.text" -}}
{{- if kindIs "float64" . -}}
{{- if eq . (floor .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}

{{/* What a stop takes at most: services forget the worker, tasks finish and leave, the process ends. */}}
{{- define "connector.graceSeconds" -}}
{{- $timeout := get .Values.worker "task.shutdown.graceful.timeout.ms" | default 5000 | toString | float64 -}}
{{- $needed := add (ceil (divf $timeout 1000)) 20 .Values.preStopSeconds | int -}}
{{- $given := int .Values.terminationGracePeriodSeconds -}}
{{- if and $given (lt $given $needed) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d is too short: task.shutdown.graceful.timeout.ms and preStopSeconds need %d; raise it, or leave it at 0" $given $needed) -}}
{{- end -}}
{{- default $needed $given -}}
{{- end -}}

{{- define "connector.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "connector.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "connector.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "connector.probe" -}}
{{- if or .exec (eq (toString (get .root.Values.worker "listeners.https.ssl.client.auth")) "required") }}
exec:
  command: [connector, health{{ if .live }}, --live{{ end }}]
{{- else }}
httpGet:
  path: {{ if .live }}/health/live{{ else }}/health{{ end }}
  port: rest
  scheme: {{ include "connector.scheme" .root | upper }}
{{- end }}
timeoutSeconds: 12
{{- end -}}

{{- /* The names of properties that hold a secret in so many letters, as a JSON array; some are secret by what they say. */ -}}
{{- define "connector.writtenOut" -}}
{{- $found := list -}}
{{- range $name, $given := . -}}
{{- $is_secret := regexMatch "(^|\\.)([a-z.]*password|sasl\\.oauthbearer\\.client\\.secret|ssl\\.(keystore\\.)?key(\\.pem)?|[a-z.]*user\\.info|[a-z.]*secret[._]access[._]key)$" $name -}}
{{- $has_secret := and (hasSuffix "sasl.jaas.config" $name) (regexMatch "(?i)(password|secret)\\s*=" (toString $given)) -}}
{{- if and (or $is_secret $has_secret) $given (not (contains "${" (toString $given))) -}}
{{- $found = append $found $name -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}
