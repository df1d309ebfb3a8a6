import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * What brokers of MSK do with a token, as far as anybody can who knows the secret: the presigned request
 * in it is put together anew, and the signatures are compared. Whose token it was is logged.
 */
public class MskTokens implements AuthenticateCallbackHandler {
    private String secret;
    private String region;

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
        Map<String, ?> options = entries.get(0).getOptions();
        secret = (String) options.get("secret");
        region = (String) options.get("region");
    }

    @Override
    public void close() {}

    @Override
    public void handle(Callback[] callbacks) {
        for (Callback each : callbacks) {
            if (each instanceof OAuthBearerValidatorCallback callback) {
                try {
                    callback.token(verified(callback.tokenValue()));
                } catch (Exception refused) {
                    System.out.println("REFUSED " + refused);
                    callback.error("invalid_token", null, null);
                }
            }
        }
    }

    private OAuthBearerToken verified(String token) throws Exception {
        String url = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
        String start = "https://kafka." + region + ".amazonaws.com/?";
        require(url.startsWith(start), "host");
        Map<String, String> written = new TreeMap<>();
        for (String pair : url.substring(start.length()).split("&")) {
            written.put(pair.split("=", 2)[0], pair.split("=", 2)[1]);
        }
        require("kafka-cluster%3AConnect".equals(written.get("Action")), "action");
        require("900".equals(written.get("X-Amz-Expires")), "expires");
        require("host".equals(written.get("X-Amz-SignedHeaders")), "headers");
        require(written.remove("User-Agent") != null, "agent");
        String signature = written.remove("X-Amz-Signature");
        String date = written.get("X-Amz-Date");
        String[] credential = URLDecoder.decode(written.get("X-Amz-Credential"), StandardCharsets.UTF_8).split("/", 2);
        String scope = date.substring(0, 8) + "/" + region + "/kafka-cluster/aws4_request";
        require(scope.equals(credential[1]), "scope");
        String query = written.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue()).collect(Collectors.joining("&"));
        String request = "GET\n/\n" + query + "\nhost:kafka." + region + ".amazonaws.com\n\nhost\n" + sha256("");
        String text = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256(request);
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) {
            key = hmac(key, part);
        }
        require(HexFormat.of().formatHex(hmac(key, text)).equals(signature), "signature");
        long signed = Instant.from(
                DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC).parse(date)).toEpochMilli();
        require(Math.abs(System.currentTimeMillis() - signed) < 60_000, "date");
        return new Accepted(token, signed + 900_000, credential[0]);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(what);
        }
    }

    private static byte[] hmac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String sha256(String text) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest);
    }

    private record Accepted(String value, long lifetimeMs, String principalName) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public Long startTimeMs() {
            return null;
        }
    }
}
