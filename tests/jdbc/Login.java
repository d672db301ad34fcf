import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Logs in by each URL and prints as whom, or why not. */
public class Login {
    public static void main(String[] urls) {
        String query = "SELECT current_user || ' ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        for (String url : urls) {
            try (Connection connection = DriverManager.getConnection(url);
                    ResultSet rows = connection.createStatement().executeQuery(query)) {
                rows.next();
                System.out.println(rows.getString(1));
            } catch (SQLException refused) {
                System.out.println("refused: " + refused.getMessage());
            }
        }
    }
}
